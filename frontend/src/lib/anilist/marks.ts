/** The small marks on items of a library that say how they stand with a list at AniList. */
import type { IconName } from '$lib/ui/Icon.svelte';

export type SyncState = 'synced' | 'waiting' | 'refused' | 'conflict';

const looks: Record<SyncState, { icon: IconName; tone: string }> = {
  synced: { icon: 'check', tone: 'text-soft' },
  waiting: { icon: 'clock', tone: 'text-soft' },
  refused: { icon: 'warn', tone: 'text-bad' },
  conflict: { icon: 'flag', tone: 'text-warn' }
};

export function lookOf(state: SyncState): { icon: IconName; tone: string } {
  return looks[state];
}
