/** Words about items, put together. */
import type { LibraryItem } from '$lib/api/types';
import { counted, named, say, t } from '$lib/i18n/i18n.svelte';
import { nameOf } from '$lib/titles/names';

export function itemName({ title, names }: LibraryItem): string {
  return nameOf({ name: title, names });
}

/** "12 of 30", or how far alone where nobody knows how long it is. */
export function progressText({ progress, max_progress: max }: LibraryItem): string {
  if (max === null) return say.number(progress);
  return t('library.of', { progress: say.number(progress), max: say.number(max) });
}

/** The same with what is counted, for those who do not see the screen around it. */
export function fullProgressText(item: LibraryItem): string {
  const { progress, max_progress: max, unit } = item;
  if (max === null) return counted(`count.${unit}`, progress);
  return t('library.of', { progress: say.number(progress), max: counted(`count.${unit}`, max) });
}

export function statusName(status: string): string {
  return named('library.status', status);
}
