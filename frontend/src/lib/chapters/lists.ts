/** The list of a series' chapters: what its address may say, and what it asks for. */
import { addressState, oneOf, text } from '$lib/ui/addressState';

export const orderings = ['newest', 'oldest'] as const;
export type Ordering = (typeof orderings)[number];

/** An ordering that the address leaves out is the one this reader chose last. */
export const chapterFilters = addressState({
  language: text(),
  group: text(),
  ordering: oneOf(orderings, '')
});
export type ChapterFilters = typeof chapterFilters.defaults;

export function chaptersAddress(slug: string, filters: ChapterFilters, usual: Ordering): string {
  const query = chapterFilters.write({ ...filters, ordering: filters.ordering || usual });
  query.set('page_size', '100');
  return `/api/series/${encodeURIComponent(slug)}/chapters?${query}`;
}
