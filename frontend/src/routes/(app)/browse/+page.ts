import { prefetchList } from '$lib/api/queries.svelte';
import { preferences } from '$lib/reading/preferences.svelte';
import { askedQuery, filtersFrom } from '$lib/titles/filters';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ parent, url }) => {
  await parent();
  const query = askedQuery(filtersFrom(url.searchParams), preferences.hiddenRatings);
  prefetchList(`/api/series?${query}`);
};
