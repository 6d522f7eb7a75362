/** What Browse asks for. The address holds all of it but what a reader always hides. */
import { shownRatings } from '$lib/reading/choices';
import { addressState, manyOf, oneOf, text } from '$lib/ui/addressState';

export const kinds = ['manga', 'manhwa', 'manhua', 'comic', 'novel'] as const;
export const statuses = ['ongoing', 'completed', 'hiatus', 'announced', 'cancelled'] as const;
export const ratings = ['safe', 'suggestive', 'erotica', 'pornographic'] as const;
/** What one may hide from oneself: everything but what is for everyone. */
export const hideable = ['suggestive', 'erotica', 'pornographic'] as const;
export const orderings = ['updated', 'newest', 'popular', 'rating', 'title'] as const;

const manyKeys = ['kind', 'status', 'rating', 'genre', 'tag', 'exclude_tag', 'year'] as const;
export type ManyKey = (typeof manyKeys)[number];
export type TagChoice = 'with' | 'without' | 'either';

const schema = addressState({
  search: text(),
  person: text(),
  kind: manyOf(kinds),
  status: manyOf(statuses),
  rating: manyOf(ratings),
  genre: manyOf(),
  tag: manyOf(),
  exclude_tag: manyOf(),
  year: manyOf(),
  ordering: oneOf(orderings, '')
});

export interface Filters extends Record<ManyKey, readonly string[]> {
  search: string;
  person: string;
  ordering: string;
}

export function filtersFrom(query: URLSearchParams): Filters {
  return schema.read(query).state;
}

/** The query that gives these filters back; the same filters always give the same text. */
export function queryOf(filters: Filters): URLSearchParams {
  return schema.write(filters as ReturnType<typeof schema.read>['state']);
}

/** What to ask the server: without a rating of their own choice, all but those the reader hides. */
export function askedQuery(filters: Filters, hidden: readonly string[]): URLSearchParams {
  if (filters.rating.length) return queryOf(filters);
  return queryOf({ ...filters, rating: shownRatings(ratings, hidden) });
}

export function countFilters(filters: Filters): number {
  return manyKeys.reduce((sum, key) => sum + filters[key].length, filters.person ? 1 : 0);
}

export function withoutFilters(filters: Filters): Filters {
  const kept = new URLSearchParams();
  if (filters.search) kept.set('search', filters.search);
  if (filters.ordering) kept.set('ordering', filters.ordering);
  return filtersFrom(kept);
}

export function toggleFilter(filters: Filters, key: ManyKey, value: string): Filters {
  const has = filters[key].includes(value);
  const values = has ? filters[key].filter((one) => one !== value) : [...filters[key], value];
  return { ...filters, [key]: values };
}

export function tagChoice(filters: Filters, slug: string): TagChoice {
  if (filters.tag.includes(slug)) return 'with';
  return filters.exclude_tag.includes(slug) ? 'without' : 'either';
}

/** Either, with, without, and round again. */
export function turnTag(filters: Filters, slug: string): Filters {
  const without = (values: readonly string[]) => values.filter((one) => one !== slug);
  const rest = { ...filters, tag: without(filters.tag), exclude_tag: without(filters.exclude_tag) };
  const choice = tagChoice(filters, slug);
  if (choice === 'either') return { ...rest, tag: [...rest.tag, slug] };
  if (choice === 'with') return { ...rest, exclude_tag: [...rest.exclude_tag, slug] };
  return rest;
}

/** Years to choose from: each of the last ones, newest first. */
export function recentYears(now: Date, count = 30): string[] {
  return Array.from({ length: count }, (_, index) => String(now.getFullYear() - index));
}
