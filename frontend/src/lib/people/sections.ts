/** The sections of the settings, in their order. */
import type { IconName } from '$lib/ui/Icon.svelte';

export const sections = [
  { name: 'profile', icon: 'me' },
  { name: 'reading', icon: 'library' },
  { name: 'library', icon: 'list' },
  { name: 'anilist', icon: 'sync' },
  { name: 'account', icon: 'mail' },
  { name: 'security', icon: 'lock' },
  { name: 'devices', icon: 'device' },
  { name: 'keys', icon: 'program' }
] as const satisfies readonly { name: string; icon: IconName }[];

export type Section = (typeof sections)[number]['name'];
