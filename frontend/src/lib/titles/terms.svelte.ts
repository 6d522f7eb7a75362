/** Genres and tags with their names, asked for when a screen first needs them. */
import { createAnswer } from '$lib/api/queries.svelte';
import type { Term } from '$lib/api/types';
import { inOurWords } from '$lib/i18n/i18n.svelte';

export interface Terms {
  readonly genres: readonly Term[];
  readonly tags: readonly Term[];
  /** Its name in the reader's language, or the slug as long as it is not known. */
  nameOf: (slug: string) => string;
}

/** From within a component. */
export function createTerms(isWanted: () => boolean): Terms {
  const ask = (address: string) =>
    createAnswer<{ results: Term[] }>(() => ({ address: isWanted() ? address : null }));
  const genres = ask('/api/categories');
  const tags = ask('/api/tags');
  const names = $derived(
    new Map(
      [...(genres.data?.results ?? []), ...(tags.data?.results ?? [])].map((term) => [
        term.slug,
        inOurWords(term.name)
      ])
    )
  );
  return {
    get genres() {
      return genres.data?.results ?? [];
    },
    get tags() {
      return tags.data?.results ?? [];
    },
    nameOf: (slug) => names.get(slug) || slug
  };
}
