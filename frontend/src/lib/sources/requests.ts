/** What is sent to the API about sources. */
import { api, unwrap } from '$lib/api/client';
import type { Title } from '$lib/api/types';
import type { Follow, Refreshed } from './shapes';

/** How often, and how long after each other, a source that has not answered is asked for again. */
const mostTries = 8;
const waitMs = 1500;

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- until the schema has them
const untyped = api as any;

/** Sends until the answer is no longer 202, which says that the source is still being asked. */
async function untilAnswered<Answer>(send: () => Promise<Answer>): Promise<Answer | null> {
  for (let tries = 1; tries <= mostTries; tries += 1) {
    const answer = await send();
    if (!(answer as { pending?: boolean }).pending) return answer;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return null;
}

/** Null where the sources have not answered in all that time. */
export function refreshTitle(id: number): Promise<Refreshed | null> {
  const params = { path: { id: String(id) } };
  return untilAnswered<Refreshed>(() =>
    unwrap(untyped.POST('/api/titles/{id}/refresh', { params }))
  );
}

/** Makes a source's title one of ours, listed for everybody; null as above. */
export function putIntoCatalogue(source: string, id: string): Promise<Title | null> {
  const params = { path: { source } };
  const body = { id, listed: true };
  return untilAnswered<Title>(() =>
    unwrap(untyped.POST('/api/sources/{source}/titles', { params, body }))
  );
}

export interface Wanted {
  source: string;
  id: string;
  languages: string[];
  from?: string;
  to?: string;
  follow: boolean;
}

export function takeChapters(series: string, body: Wanted): Promise<Follow> {
  const params = { path: { id_or_slug: series } };
  return unwrap(untyped.POST('/api/series/{id_or_slug}/sources', { params, body }));
}

export function setFollowing(series: string, id: number, isFollowing: boolean): Promise<Follow> {
  const params = { path: { id_or_slug: series, id: String(id) } };
  const body = { is_following: isFollowing };
  return unwrap(untyped.PATCH('/api/series/{id_or_slug}/sources/{id}', { params, body }));
}

export function removeFollow(series: string, id: number): Promise<void> {
  const params = { path: { id_or_slug: series, id: String(id) } };
  return unwrap(untyped.DELETE('/api/series/{id_or_slug}/sources/{id}', { params }));
}

export function retryChapter(series: string, follow: number, id: number): Promise<void> {
  const params = { path: { id_or_slug: series, id: String(follow), chapter: String(id) } };
  const path = '/api/series/{id_or_slug}/sources/{id}/chapters/{chapter}/retry';
  return unwrap(untyped.POST(path, { params }));
}
