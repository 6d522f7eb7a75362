/** In which order this reader looked at chapters last. */
import { readLocal, writeLocal } from '$lib/ui/storage';
import type { Ordering } from './lists';

const storageKey = 'mangakg.chapters.order';

export function usualOrdering(): Ordering {
  return readLocal(storageKey) === 'oldest' ? 'oldest' : 'newest';
}

export function keepOrdering(ordering: Ordering): void {
  writeLocal(storageKey, ordering);
}
