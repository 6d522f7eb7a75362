import { prefetchList } from '$lib/api/queries.svelte';
import { preferences } from '$lib/reading/preferences.svelte';
import { latestAddress, newestAddress } from '$lib/titles/lists';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ parent }) => {
  await parent();
  prefetchList(latestAddress(preferences.hiddenRatings));
  prefetchList(newestAddress(preferences.hiddenRatings));
};
