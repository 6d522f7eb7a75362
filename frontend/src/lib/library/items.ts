/** Items of a library: their words, where they lead, and what the API is asked about them. */
import type { LibraryItem } from '$lib/api/types';

export const statuses = [
  'current',
  'planning',
  'completed',
  'paused',
  'dropped',
  'repeating'
] as const;
export type Status = LibraryItem['status'];
export type Unit = LibraryItem['unit'];

/** As far as the API counts. */
export const mostUnits = 1_000_000;

export const summaryAddress = '/api/library/summary';
export const settingsAddress = '/api/library/settings';
export const unreadAddress = '/api/library/unread';
export const tagsAddress = '/api/library/tags';
export const listsPath = '/api/library/lists';
/** There are at most twice as many, and hardly ever a tenth of it. */
export const listsAddress = `${listsPath}?page_size=100`;
export const historyAddress = '/api/library/history';
export const itemsPath = '/api/library/items';
/** All that changes with an item begins with it. */
export const libraryPath = '/api/library';

/** A list of one item, or of none: browsers write a 404 into their console. */
export function itemOfTitleAddress(titleId: number): string {
  return `${itemsPath}?title_id=${titleId}`;
}

/** The lists that a title is in. */
export function listsOfTitleAddress(titleId: number): string {
  return `${listsAddress}&title_id=${titleId}`;
}

export function itemHistoryAddress(id: number): string {
  return `${itemsPath}/${id}/history`;
}

/** What is counted one by one; minutes are watched in one go. */
export function isStepped({ unit }: Pick<LibraryItem, 'unit'>): boolean {
  return unit !== 'minutes';
}

/** How far somebody is, from 0 to 1; null where nobody knows how long it is. */
export function shareOf({
  progress,
  max_progress: max
}: Pick<LibraryItem, 'progress' | 'max_progress'>): number | null {
  return max ? Math.min(1, progress / max) : null;
}
