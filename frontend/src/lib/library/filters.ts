/** What the library shows. The address of the page holds all of it but the view, which each device
 * keeps. */
import { kinds } from '$lib/titles/kinds';
import { addressState, manyOf, numberBetween, oneOf, text } from '$lib/ui/addressState';
import { itemsPath, statuses } from './items';

export const orderings = ['updated', 'added', 'title', 'score', 'progress', 'unread'] as const;
export const yes = 'true';

const address = addressState({
  status: oneOf(statuses, ''),
  search: text(),
  type: manyOf(kinds),
  tag: text(),
  genre: text(),
  year: numberBetween(1900, 2100),
  score_min: numberBetween(1, 100),
  score_max: numberBetween(1, 100),
  favourite: oneOf([yes], ''),
  has_unread: oneOf([yes], ''),
  ordering: oneOf(orderings, 'updated')
});

export type Filters = typeof address.defaults;
export const readFilters = address.read;

export function libraryAddress(filters: Partial<Filters>): string {
  return address.addressOf('/library', { ...address.defaults, ...filters });
}

/** What chooses items, as the API and its bulk changes take it. */
export function itemQuery(filters: Filters): URLSearchParams {
  const query = address.write(filters);
  query.delete('ordering');
  return query;
}

export function itemsAddress(filters: Filters): string {
  const query = itemQuery(filters);
  query.set('ordering', filters.ordering);
  return `${itemsPath}?${query}`;
}

/** The same choice as a JSON object: names that may be repeated hold a list. */
export function bulkFilter(filters: Filters): Record<string, string | string[]> {
  const query = itemQuery(filters);
  return Object.fromEntries(
    [...new Set(query.keys())].map((name) => {
      const values = query.getAll(name);
      return [name, values.length > 1 ? values : (values[0] ?? '')];
    })
  );
}

/** Those besides status, search and order, which have places of their own. */
export function countFilters(filters: Filters): number {
  const { type, tag, genre, year, score_min, score_max, favourite, has_unread } = filters;
  const single = [tag, genre, year, score_min, score_max, favourite, has_unread];
  return type.length + single.filter(Boolean).length;
}

export function withoutFilters({ status, ordering }: Filters): Filters {
  return { ...address.defaults, status, ordering };
}
