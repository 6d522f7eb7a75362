import { prefetchAnswer } from '$lib/api/queries.svelte';
import { titleAddress } from '$lib/titles/addresses';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ parent, params: { slug } }) => {
  await parent();
  prefetchAnswer(titleAddress(slug));
};
