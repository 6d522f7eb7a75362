import { needWords } from '$lib/i18n/i18n.svelte';
import type { PageLoad } from './$types';

export const load: PageLoad = async ({ parent }) => {
  // The main words first: only then it is known in which language.
  await parent();
  await Promise.all([needWords('anilist'), needWords('jobs')]);
};
