/** What Browse asks for. The address holds all of it but what a reader always hides. */
import { shownRatings } from '$lib/reading/choices';

export const kinds = ['manga', 'manhwa', 'manhua', 'comic', 'novel'] as const;
export const statuses = ['ongoing', 'completed', 'hiatus', 'announced', 'cancelled'] as const;
export const ratings = ['safe', 'suggestive', 'erotica', 'pornographic'] as const;
/** What one may hide from oneself: everything but what is for everyone. */
export const hideable = ['suggestive', 'erotica', 'pornographic'] as const;
export const orderings = ['updated', 'newest', 'popular', 'rating', 'title'] as const;

const manyKeys = ['kind', 'status', 'rating', 'genre', 'tag', 'exclude_tag', 'year'] as const;
export type ManyKey = (typeof manyKeys)[number];
export type TagChoice = 'with' | 'without' | 'either';

export interface Filters extends Record<ManyKey, readonly string[]> {
  search: string;
  person: string;
  ordering: string;
}

export function filtersFrom(query: URLSearchParams): Filters {
  const many = (key: ManyKey) => [...new Set(query.getAll(key).filter(Boolean))];
  return {
    search: query.get('search')?.trim() ?? '',
    person: query.get('person') ?? '',
    ordering: query.get('ordering') ?? '',
    kind: many('kind'),
    status: many('status'),
    rating: many('rating'),
    genre: many('genre'),
    tag: many('tag'),
    exclude_tag: many('exclude_tag'),
    year: many('year')
  };
}

/** The query that gives these filters back; the same filters always give the same text. */
export function queryOf(filters: Filters): URLSearchParams {
  const query = new URLSearchParams();
  if (filters.search) query.set('search', filters.search);
  if (filters.person) query.set('person', filters.person);
  for (const key of manyKeys) {
    for (const value of filters[key]) query.append(key, value);
  }
  if (filters.ordering) query.set('ordering', filters.ordering);
  return query;
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
