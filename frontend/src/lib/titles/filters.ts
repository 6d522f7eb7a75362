/** What Browse asks for. The address of the page holds all of it but what the reader always wants. */
import {
  addressState,
  manyOf,
  numberBetween,
  oneOf,
  text,
  type Dropped
} from '$lib/ui/addressState';
import { ratings } from '$lib/preferences.svelte';
import { titlesAddress, type Shown } from './addresses';
import { isWatched, kinds } from './kinds';

export const statuses = ['ongoing', 'completed', 'hiatus', 'announced', 'cancelled'] as const;
export const orderings = ['popular', 'updated', 'newest', 'rating', 'title'] as const;
export const firstYear = 1900;
export const lastYear = 2100;
/** In place of languages: those that the reader does not read as well. */
export const anyLanguage = 'any';

const address = addressState({
  search: text(),
  person: text(),
  kind: manyOf(kinds),
  status: manyOf(statuses),
  rating: manyOf(ratings),
  genre: manyOf(),
  tag: manyOf(),
  exclude_tag: manyOf(),
  chapter_language: manyOf(),
  year_min: numberBetween(firstYear, lastYear),
  year_max: numberBetween(firstYear, lastYear),
  ordering: oneOf(orderings, '')
});

export type Filters = typeof address.defaults;
const manyKeys = [
  'kind',
  'status',
  'rating',
  'genre',
  'tag',
  'exclude_tag',
  'chapter_language'
] as const;
export type ManyKey = (typeof manyKeys)[number];
export type TagChoice = 'with' | 'without' | 'either';

const languageTag = /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/;

/** The filters of an address, and what in it means nothing. */
export function readFilters(query: URLSearchParams): { filters: Filters; dropped: Dropped[] } {
  const { state, dropped } = address.read(query);
  const wrong: Dropped[] = state.chapter_language
    .filter((tag) => !languageTag.test(tag))
    .map((value) => ({ name: 'chapter_language', value }));
  const filters = {
    ...state,
    chapter_language: state.chapter_language.filter((tag) => languageTag.test(tag))
  };
  if (filters.year_min !== null && filters.year_max !== null) {
    if (filters.year_min > filters.year_max) {
      wrong.push({ name: 'year_max', value: String(filters.year_max) });
      filters.year_max = null;
    }
  }
  return { filters, dropped: [...dropped, ...wrong] };
}

/** Without the genres and tags that there are not, once it is known which there are. */
export function withKnownTerms(
  { filters, dropped }: { filters: Filters; dropped: Dropped[] },
  known: { genres: ReadonlySet<string>; tags: ReadonlySet<string> }
): { filters: Filters; dropped: Dropped[] } {
  const all = [...dropped];
  const keep = (name: 'genre' | 'tag' | 'exclude_tag', terms: ReadonlySet<string>) => {
    if (terms.size === 0) return filters[name];
    for (const value of filters[name]) if (!terms.has(value)) all.push({ name, value });
    return filters[name].filter((value) => terms.has(value));
  };
  const kept = {
    genre: keep('genre', known.genres),
    tag: keep('tag', known.tags),
    exclude_tag: keep('exclude_tag', known.tags)
  };
  return { filters: { ...filters, ...kept }, dropped: all };
}

export function browseAddress(filters: Partial<Filters>): string {
  return address.addressOf('/browse', { ...address.defaults, ...filters });
}

/** Series are what is looked for, unless it is a name, or what is watched. */
export function isOfAllKinds({ search, kind }: Filters): boolean {
  return search !== '' || kind.some(isWatched);
}

/**
 * What to ask the server. Where the filters do not say it: no ratings but those that the reader
 * wants to see; and only series that they can read, unless they search for something by its name or
 * for what is watched.
 */
export function askedAddress(filters: Filters, shown: Shown): string {
  const ofAllKinds = isOfAllKinds(filters);
  const languages = ofAllKinds ? [] : shown.languages;
  const chosen = filters.chapter_language.length ? filters.chapter_language : languages;
  return titlesAddress(
    address.write({
      ...filters,
      rating: filters.rating.length ? filters.rating : shown.ratings,
      chapter_language: chosen.includes(anyLanguage) ? [] : chosen
    }),
    ofAllKinds
  );
}

export function countFilters(filters: Filters): number {
  const others = [filters.person, filters.year_min, filters.year_max].filter(Boolean).length;
  return manyKeys.reduce((sum, key) => sum + filters[key].length, others);
}

export function withoutFilters({ search, ordering }: Filters): Filters {
  return { ...address.defaults, search, ordering };
}

export function toggleFilter(filters: Filters, key: ManyKey, value: string): Filters {
  const values: readonly string[] = filters[key];
  const has = values.includes(value);
  return { ...filters, [key]: has ? values.filter((one) => one !== value) : [...values, value] };
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
