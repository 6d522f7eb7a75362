import { prefetchAnswer, prefetchList } from '$lib/api/queries.svelte';
import { chapterFilters, chaptersAddress } from '$lib/chapters/lists';
import { usualOrdering } from '$lib/chapters/ordering';
import { seriesAddress } from '$lib/titles/lists';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ params, parent, url }) => {
  await parent();
  const { state } = chapterFilters.read(url.searchParams);
  prefetchAnswer(seriesAddress(params.slug));
  prefetchList(chaptersAddress(params.slug, state, usualOrdering()));
};
