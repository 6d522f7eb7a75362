/** How long a title is, in words. */
import type { Title } from '$lib/api/types';
import { counted } from '$lib/i18n/i18n.svelte';
import { isWatched } from './kinds';

export function lengthOf(title: Title): string[] {
  if (!isWatched(title.kind)) return [counted('count.chapters', title.chapter_count)];
  const { season_count: seasons, length, duration_minutes: minutes } = title;
  return [
    ...(seasons ? [counted('count.seasons', seasons)] : []),
    ...(length && title.kind !== 'movie' ? [counted('count.episodes', length)] : []),
    ...(minutes ? [counted('count.minutes', minutes)] : [])
  ];
}
