import { prefetchList } from '$lib/api/queries.svelte';
import { preferences } from '$lib/preferences.svelte';
import { askedAddress, readFilters } from '$lib/titles/filters';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ parent, url }) => {
  await parent();
  prefetchList(askedAddress(readFilters(url.searchParams).filters, preferences));
};
