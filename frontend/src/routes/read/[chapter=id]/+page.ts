import { prefetchAnswer } from '$lib/api/queries.svelte';
import { chapterAddress } from '$lib/reading/addresses';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ params, parent, url }) => {
  await parent();
  prefetchAnswer(chapterAddress(Number(params.chapter)));
  // Kept here, for the address loses it as soon as the page is open.
  return { isFromEnd: url.searchParams.get('from') === 'end' };
};
