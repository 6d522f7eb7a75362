import { prefetchAnswer, prefetchList } from '$lib/api/queries.svelte';
import { askedChapters, readChapterFilters } from '$lib/chapters/filters';
import { preferences } from '$lib/preferences.svelte';
import { seriesAddress } from '$lib/titles/addresses';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ parent, params: { slug }, url }) => {
  await parent();
  prefetchAnswer(seriesAddress(slug));
  const filters = readChapterFilters(slug, url.searchParams);
  // Which languages there are is not known yet; mostly there is one of the reader's among them.
  prefetchList(askedChapters(slug, filters, preferences.languages));
};
