import { prefetchAnswer, prefetchList } from '$lib/api/queries.svelte';
import { preferences } from '$lib/preferences.svelte';
import { homeTitlesAddress, latestAddress } from '$lib/titles/addresses';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ parent }) => {
  await parent();
  prefetchList(latestAddress(preferences));
  prefetchAnswer(homeTitlesAddress('popular', preferences));
  prefetchAnswer(homeTitlesAddress('newest', preferences));
};
