/** Which of my uploads are shown: the states that belong together, by the word in the address. */
import type { Upload } from '$lib/api/types';
import { addressState, oneOf } from '$lib/ui/addressState';

type State = Upload['state'];

const statesOf = {
  moving: ['received', 'extracting', 'awaiting_review', 'publishing'],
  published: ['live'],
  refused: ['failed', 'rejected'],
  gone: ['withdrawn', 'superseded', 'taken_down', 'deleted']
} as const satisfies Record<string, readonly State[]>;

export const filters = ['moving', 'published', 'refused', 'gone'] as const;
export type Filter = 'all' | (typeof filters)[number];

export const uploadsShown = addressState({ state: oneOf(filters, 'all') });

export function uploadsAddress(filter: Filter): string {
  const query = new URLSearchParams({ page_size: '50' });
  if (filter !== 'all') for (const state of statesOf[filter]) query.append('state', state);
  return `/api/uploads?${query}`;
}
