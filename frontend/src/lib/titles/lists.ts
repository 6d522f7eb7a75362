/** Addresses of titles and lists of them, so that `load` prefetches what the screen will ask for. */
import { shownRatings } from '$lib/reading/choices';
import { ratings } from './filters';

function withRatings(path: string, query: URLSearchParams, hidden: readonly string[]): string {
  for (const rating of shownRatings(ratings, hidden)) query.append('rating', rating);
  return [path, query.toString()].filter(Boolean).join('?');
}

export function latestAddress(hidden: readonly string[]): string {
  return withRatings('/api/chapters', new URLSearchParams(), hidden);
}

export function newestAddress(hidden: readonly string[]): string {
  const query = new URLSearchParams({ ordering: 'newest', page_size: '18' });
  return withRatings('/api/series', query, hidden);
}

export function seriesAddress(slug: string): string {
  return `/api/series/${encodeURIComponent(slug)}`;
}
