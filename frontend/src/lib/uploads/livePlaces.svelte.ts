/** The chapters of a series that can be read already, to say before sending what would be replaced. */
import { getAddress } from '$lib/api/client';
import type { Batch, ChapterRow, Title } from '$lib/api/types';

export interface Place {
  number: string;
  title: string;
  language: string;
  volume: string;
  group: string;
}

/** Whether an upload with these words would take the place of the chapter. */
export function isPlaceOf(chapter: ChapterRow, place: Place, numbersRestart: boolean): boolean {
  const number = place.number.trim().replace(',', '.');
  const isSameNumber = number
    ? chapter.number !== null && Number(chapter.number) === Number(number)
    : chapter.number === null && fold(chapter.title) === fold(place.title);
  const isSameVolume = String(chapter.volume ?? '') === place.volume.trim();
  return (
    isSameNumber &&
    chapter.language === place.language.toLowerCase() &&
    fold(chapter.group?.name ?? '') === fold(place.group) &&
    (isSameVolume || !numbersRestart)
  );
}

function fold(text: string): string {
  return text.normalize('NFKC').trim().toLowerCase();
}

class LivePlaces {
  #chapters = $state.raw<ReadonlyMap<string, readonly ChapterRow[]>>(new Map());
  #restarting = $state.raw<ReadonlySet<string>>(new Set());
  readonly #asked = new Set<string>();

  /** Learns what is live, once for each series and language; without an answer nothing is said. */
  ask(slug: string, languages: readonly string[]): void {
    const path = `/api/series/${encodeURIComponent(slug)}`;
    this.#once(path, async () => {
      const { numbers_restart_per_volume } = await getAddress<Title>(path);
      if (numbers_restart_per_volume) this.#restarting = new Set([...this.#restarting, slug]);
    });
    for (const language of new Set(languages)) {
      const query = new URLSearchParams({ language, page_size: '500' });
      this.#once(`${path}/chapters?${query}`, async (address) => {
        const found: ChapterRow[] = [];
        for (let next: string | null = address; next;) {
          const batch: Batch<ChapterRow> = await getAddress(next);
          found.push(...batch.results);
          next = batch.next;
        }
        this.#chapters = new Map([...this.#chapters, [`${slug} ${language}`, found]]);
      });
    }
  }

  find(slug: string, place: Place): ChapterRow | undefined {
    const chapters = this.#chapters.get(`${slug} ${place.language}`) ?? [];
    const numbersRestart = this.#restarting.has(slug);
    return chapters.find((chapter) => isPlaceOf(chapter, place, numbersRestart));
  }

  /** What was published meanwhile is asked for again. */
  forget(): void {
    this.#asked.clear();
  }

  #once(address: string, load: (address: string) => Promise<void>): void {
    if (this.#asked.has(address)) return;
    this.#asked.add(address);
    load(address).catch(() => this.#asked.delete(address));
  }
}

export const livePlaces = new LivePlaces();
