/** Genres and tags, asked for once in a visit. */
import { api, unwrap } from '$lib/api/client';
import type { Term } from '$lib/api/types';
import { inOurWords } from '$lib/i18n/i18n.svelte';

class Terms {
  genres = $state.raw<readonly Term[]>([]);
  tags = $state.raw<readonly Term[]>([]);
  #asked: Promise<void> | null = null;

  load(): Promise<void> {
    this.#asked ??= this.#ask().catch(() => {
      // Filters without names still work; the next visit to them asks again.
      this.#asked = null;
    });
    return this.#asked;
  }

  nameOf(slug: string): string {
    const term = [...this.genres, ...this.tags].find((one) => one.slug === slug);
    return (term && inOurWords(term.name)) || slug;
  }

  async #ask(): Promise<void> {
    const [genres, tags] = await Promise.all([
      unwrap(api.GET('/api/categories')),
      unwrap(api.GET('/api/tags'))
    ]);
    this.genres = genres.results;
    this.tags = tags.results;
  }
}

export const terms = new Terms();
