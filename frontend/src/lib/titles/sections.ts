/** The parts of Browse: what is read, and each kind of what is watched. */
import { browseAddress, type Filters } from './filters';
import { isWatched, watchedKinds } from './kinds';
import { named, t } from '$lib/i18n/i18n.svelte';
import type { Tab } from '$lib/ui/Tabs.svelte';

export function browseTabs(filters: Filters): Tab[] {
  const chosen = filters.kind.filter(isWatched);
  // The search goes along; what else was asked is mostly about the part that is left.
  const kept = { search: filters.search, ordering: filters.ordering };
  return [
    { href: browseAddress(kept), text: t('browse.series'), isHere: chosen.length === 0 },
    ...watchedKinds.map((kind) => ({
      href: browseAddress({ ...kept, kind: [kind] }),
      text: named('browse.kinds', kind),
      isHere: chosen.includes(kind)
    }))
  ];
}
