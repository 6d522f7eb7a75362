/**
 * The zips chosen in this visit: drafts with guessed words, sent one after another. Lives beside
 * the pages, so that going to another page of the app does not stop it.
 */
import { ApiError } from '$lib/api/errors';
import { registerPersonalState } from '$lib/auth/personal';
import { guessChapter } from './guess';
import { sendChapter } from './sending';
import { Speedometer } from './speed';
import { mine } from './mine.svelte';

export type Phase = 'draft' | 'queued' | 'sending' | 'unsent' | 'failed' | 'sent';

let lastKey = 0;

export class Item {
  readonly key = (lastKey += 1);
  readonly file: File;
  /** The series it was sent to. */
  slug = '';
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

  constructor(file: File, fallbackLanguage: string) {
    const guess = guessChapter(file.name);
    this.file = file;
    this.total = file.size;
    this.number = guess.number;
    this.volume = guess.volume;
    this.language = guess.language || fallbackLanguage;
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

  add(files: readonly File[], fallbackLanguage: string): void {
    this.items.push(...files.map((file) => new Item(file, fallbackLanguage)));
  }

  remove(item: Item): void {
    item.stopping?.abort();
    this.items = this.items.filter((one) => one.key !== item.key);
  }

  forget(): void {
    for (const item of this.items) item.stopping?.abort();
    this.items = [];
  }

  sendAll(slug: string): void {
    for (const item of this.drafts) {
      item.slug = slug;
      item.phase = 'queued';
    }
    void this.#run();
  }

  retry(item: Item, slug: string): void {
    item.slug = slug;
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
    for (;;) {
      const item = this.items.find((one) => one.phase === 'queued');
      if (!item) break;
      await this.#send(item);
    }
    this.#isRunning = false;
  }

  async #send(item: Item): Promise<void> {
    const speed = new Speedometer();
    item.stopping = new AbortController();
    item.phase = 'sending';
    item.problem = null;
    item.sent = 0;
    speed.add(performance.now(), 0);
    try {
      const { slug, number, title, language, volume, group, file } = item;
      const submitted = await sendChapter(
        { slug, file, number, title, language, volume, group },
        {
          signal: item.stopping.signal,
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
    // One that was forgotten is no matter of the person who is here now.
    if (this.items.includes(item)) void mine.refresh();
  }

  #fail(item: Item, caught: unknown): void {
    if (caught instanceof DOMException && caught.name === 'AbortError') {
      item.phase = 'draft';
      return;
    }
    item.problem = ApiError.from(caught);
    item.uploadId = item.problem.upload;
    // What the server judged is failed; what it could not hear or take now can simply go again.
    const { status } = item.problem;
    const isJudged = status >= 400 && status < 500 && status !== 401 && status !== 429;
    item.phase = isJudged ? 'failed' : 'unsent';
  }
}

export const queue = new Queue();
registerPersonalState({ clear: () => queue.forget() });
