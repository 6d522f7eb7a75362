/** The cover of an item: the title's, else the one that its owner named. */
import type { Cover, LibraryItem } from '$lib/api/types';

export function coverOf({ cover, cover_url: url }: LibraryItem): Cover | null {
  if (cover || !url) return cover;
  return { url, small_url: null, large_url: null, width: 2, height: 3, color: '' };
}
