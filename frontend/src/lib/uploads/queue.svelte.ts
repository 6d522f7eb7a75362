/**
 * The chapters chosen in this visit: drafts with guessed words, sent one after another. Lives beside
 * the pages, so that going to another page of the app does not stop it.
 */
import { ApiError, isAborted } from '$lib/api/errors';
import type { Upload } from '$lib/api/types';
import { registerPersonalState } from '$lib/auth/personal';
import type { Named } from '$lib/titles/names';
import type { Source } from './folders';
import { sendChapter } from './sending';
import { Speedometer } from './speed';
import { mine } from './mine.svelte';

export type Phase = 'draft' | 'queued' | 'sending' | 'unsent' | 'failed' | 'sent';

export interface SeriesOfUpload extends Named {
  slug: string;
}

/** What is told of many drafts at once; empty leaves them as they are. */
export interface CommonWords {
  language: string;
  volume: string;
  group: string;
}

let lastKey = 0;

export class Item {
  readonly key = (lastKey += 1);
  source = $state.raw<Source>() as Source;
  /** Where it goes; null for a draft that goes to the series that is chosen when it is sent. */
  series = $state.raw<SeriesOfUpload | null>(null);
  number = $state('');
  title = $state('');
  language = $state('');
  volume = $state('');
  group = $state('');
  phase = $state<Phase>('draft');
  sent = $state(0);
  total = $state(0);
  bytesPerSecond = $state(0);
  secondsLeft = $state<number | null>(null);
  problem = $state.raw<ApiError | null>(null);
  /** The row that the server keeps about it, once there is one. */
  uploadId = $state<number | null>(null);
  stopping: AbortController | null = null;

  constructor(source: Source, fallbackLanguage: string) {
    this.source = source;
    this.number = source.guess.number;
    this.volume = source.guess.volume;
    this.language = source.guess.language || fallbackLanguage;
  }

  get canEdit(): boolean {
    return this.phase === 'draft' || this.phase === 'unsent' || this.phase === 'failed';
  }
}

class Queue {
  items = $state<Item[]>([]);
  #isRunning = false;

  get drafts(): Item[] {
    return this.items.filter((item) => item.phase === 'draft');
  }

  get isSending(): boolean {
    return this.items.some((item) => item.phase === 'sending' || item.phase === 'queued');
  }

  add(sources: readonly Source[], fallbackLanguage: string): void {
    this.items.push(...sources.map((source) => new Item(source, fallbackLanguage)));
  }

  /** Another file for a chapter that the server did not take: its words and its series stay. */
  addAgain(source: Source, upload: Upload): void {
    const { chapter } = upload;
    const item = new Item(source, chapter.language);
    item.series = upload.series;
    item.number = chapter.number ?? '';
    item.title = chapter.title;
    item.language = chapter.language;
    item.volume = chapter.volume === null ? '' : String(chapter.volume);
    item.group = chapter.group?.name ?? '';
    this.items.push(item);
  }

  replaceFile(item: Item, source: Source): void {
    item.source = source;
    item.problem = null;
    item.uploadId = null;
    item.phase = 'draft';
  }

  /** Tells all drafts what they have in common. */
  tellAll(words: CommonWords): void {
    for (const item of this.drafts) {
      item.language = words.language || item.language;
      item.volume = words.volume.trim() || item.volume;
      item.group = words.group.trim() || item.group;
    }
  }

  remove(item: Item): void {
    item.stopping?.abort();
    this.items = this.items.filter((one) => one.key !== item.key);
  }

  clear(): void {
    for (const item of this.items) item.stopping?.abort();
    this.items = [];
  }

  sendAll(chosen: SeriesOfUpload | null): void {
    for (const item of this.drafts) {
      item.series ??= chosen;
      if (item.series) item.phase = 'queued';
    }
    void this.#run();
  }

  /** Sends it to its own series again, whichever is chosen now. */
  retry(item: Item): void {
    item.problem = null;
    item.phase = 'queued';
    void this.#run();
  }

  stop(item: Item): void {
    if (item.phase === 'queued') item.phase = 'draft';
    item.stopping?.abort();
  }

  async #run(): Promise<void> {
    if (this.#isRunning) return;
    this.#isRunning = true;
    window.addEventListener('beforeunload', holdBack);
    for (;;) {
      const item = this.items.find((one) => one.phase === 'queued');
      if (!item) break;
      await this.#send(item);
    }
    window.removeEventListener('beforeunload', holdBack);
    this.#isRunning = false;
  }

  async #send(item: Item): Promise<void> {
    if (!item.series) return;
    const speed = new Speedometer();
    const { signal } = (item.stopping = new AbortController());
    item.phase = 'sending';
    item.problem = null;
    item.sent = 0;
    item.total = item.source.bytes;
    item.bytesPerSecond = 0;
    item.secondsLeft = null;
    try {
      const { title, language, volume, group } = item;
      const number = item.number.replace(',', '.');
      const { slug } = item.series;
      const file = await item.source.toZip();
      signal.throwIfAborted();
      speed.add(performance.now(), 0);
      const submitted = await sendChapter(
        { slug, file, number, title, language, volume, group },
        {
          signal,
          onprogress: (sent, total) => {
            speed.add(performance.now(), sent);
            item.sent = sent;
            item.total = total;
            item.bytesPerSecond = speed.bytesPerSecond;
            item.secondsLeft = speed.secondsLeft(total);
          }
        }
      );
      item.uploadId = submitted.id;
      item.phase = 'sent';
    } catch (caught) {
      this.#fail(item, caught);
    }
    // One that was cleared is no matter of the person who is here now.
    if (this.items.includes(item)) void mine.refresh();
  }

  #fail(item: Item, caught: unknown): void {
    if (isAborted(caught)) {
      item.phase = 'draft';
      return;
    }
    item.problem = ApiError.from(caught);
    item.uploadId = item.problem.upload;
    // What the server judged is failed; what it could not hear or take now can simply go again.
    const { status } = item.problem;
    const isJudged = status >= 400 && status < 500 && status !== 401 && status !== 429;
    item.phase = isJudged ? 'failed' : 'unsent';
    // Nothing more is taken today: the others wait for their sender, and not for their refusals.
    if (item.problem.code === 'quota') {
      for (const other of this.items) if (other.phase === 'queued') other.phase = 'draft';
    }
  }
}

/** Asks whether to leave, in the browser's own words: what is on its way up would be lost. */
function holdBack(event: BeforeUnloadEvent): void {
  event.preventDefault();
}

export const queue = new Queue();
registerPersonalState({ clear: () => queue.clear() });
