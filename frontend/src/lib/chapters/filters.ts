/**
 * Which chapters of a series are listed: the address of the page holds it, and this browser remembers
 * it for each series.
 */
import { chaptersAddress } from '$lib/titles/addresses';
import { addressState, manyOf, oneOf, text } from '$lib/ui/addressState';
import { readLocal, readLocalJson, writeLocal, writeLocalJson } from '$lib/ui/storage';

const storageKey = 'mangakg.chapters.filters';
const orderKey = 'mangakg.chapters.order';
const maxRemembered = 300;
/** In place of languages: those that the reader does not read as well. */
export const anyLanguage = 'any';

const address = addressState({
  /** None: the reader's own. */
  language: manyOf(),
  group: text(),
  /** None: as it was last chosen for any series. */
  ordering: oneOf(['newest', 'oldest'], '')
});
export type ChapterFilters = typeof address.defaults;
type Kept = Pick<ChapterFilters, 'language' | 'group'>;

export function isFiltered({ language, group }: Kept): boolean {
  return language.length > 0 || group !== '';
}

/** What the address says; where it says nothing, what was chosen for this series before. */
export function readChapterFilters(slug: string, query: URLSearchParams): ChapterFilters {
  const { state } = address.read(query);
  if (isFiltered(state)) return state;
  return { ...state, ...readLocalJson<Record<string, Kept>>(storageKey, {})[slug] };
}

export function seriesPageAddress(slug: string, filters: ChapterFilters): string {
  return address.addressOf(`/series/${encodeURIComponent(slug)}`, filters);
}

/** The last remembered stand last, so that the oldest go first when there are too many. */
export function rememberChapterFilters(slug: string, { language, group }: Kept): void {
  const { [slug]: _before, ...others } = readLocalJson<Record<string, Kept>>(storageKey, {});
  const all = Object.entries(others);
  if (isFiltered({ language, group })) all.push([slug, { language, group }]);
  writeLocalJson(storageKey, Object.fromEntries(all.slice(-maxRemembered)));
}

export function orderOf({ ordering }: ChapterFilters): 'newest' | 'oldest' {
  return ordering || (readLocal(orderKey) === 'oldest' ? 'oldest' : 'newest');
}

export function rememberOrder(order: 'newest' | 'oldest'): void {
  writeLocal(orderKey, order);
}

/** The languages to list chapters in: none means all. `own` are those that the reader reads. */
export function languagesOf(
  { language }: ChapterFilters,
  own: readonly string[]
): readonly string[] {
  if (language.includes(anyLanguage)) return [];
  return language.length ? language : own;
}

/** What to ask the server for. */
export function askedChapters(
  slug: string,
  filters: ChapterFilters,
  own: readonly string[]
): string {
  return chaptersAddress(slug, {
    languages: languagesOf(filters, own),
    group: filters.group,
    ordering: orderOf(filters)
  });
}
