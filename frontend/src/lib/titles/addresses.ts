/**
 * What home, browse and series ask the API first, as text: the server puts the answers into the page
 * (`mangakg/web_app.py`) under the same text, so the order of the parameters is part of it.
 */
import type { Rating } from '$lib/api/types';

/** What the reader reads: languages, the most preferred first, and content ratings. */
export interface Shown {
  languages: readonly string[];
  ratings: readonly Rating[];
}

function query(...pairs: (readonly [string, readonly string[]])[]): string {
  const all = pairs.flatMap(([name, values]) => values.map((value) => [name, value]));
  return new URLSearchParams(all).toString();
}

/** Of series alone, or of titles of every kind. */
export function titlesAddress(asked: URLSearchParams, ofAllKinds: boolean): string {
  const path = ofAllKinds ? '/api/titles' : '/api/series';
  return [path, asked.toString()].filter(Boolean).join('?');
}

export function titleAddress(slug: string): string {
  return `/api/titles/${encodeURIComponent(slug)}`;
}

export function latestAddress({ languages, ratings }: Shown): string {
  return `/api/chapters?${query(['language', languages], ['rating', ratings])}`;
}

export function homeTitlesAddress(
  ordering: 'popular' | 'newest',
  { languages, ratings }: Shown
): string {
  const asked = query(
    ['rating', ratings],
    ['chapter_language', languages],
    ['ordering', [ordering]],
    ['page_size', ['12']]
  );
  return `/api/series?${asked}`;
}

export function seriesAddress(slug: string): string {
  return `/api/series/${encodeURIComponent(slug)}`;
}

export function chaptersAddress(
  slug: string,
  asked: { languages: readonly string[]; group: string; ordering: 'newest' | 'oldest' }
): string {
  const parameters = query(
    ['language', asked.languages],
    ['group', asked.group ? [asked.group] : []],
    ['ordering', [asked.ordering]],
    ['page_size', ['100']]
  );
  return `${seriesAddress(slug)}/chapters?${parameters}`;
}
