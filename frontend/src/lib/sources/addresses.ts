/** What is asked about sources, as text. */
export const sourcesAddress = '/api/sources';
export const statusAddress = '/api/sources/status';

export function autocompleteAddress(search: string, kind: string): string {
  return `/api/sources/autocomplete?${query(search, kind)}`;
}

/** At one source alone. */
export function searchAddress(source: string, search: string, kind: string): string {
  return `/api/sources/${encodeURIComponent(source)}/search?${query(search, kind)}`;
}

export function followsAddress(series: string): string {
  return `/api/series/${encodeURIComponent(series)}/sources`;
}

export function followedChaptersAddress(series: string, follow: number, state: string): string {
  const asked = new URLSearchParams({ page_size: '100', ...(state && { state }) });
  return `${followsAddress(series)}/${follow}/chapters?${asked}`;
}

function query(search: string, kind: string): string {
  return new URLSearchParams({ q: search, ...(kind && { type: kind }) }).toString();
}
