/** What is sent to the API about sources. */
import { api, unwrap } from '$lib/api/client';
import type { Follow, FollowForm, Refreshed, SourceChapter, Title } from '$lib/api/types';

/** How often, and how long after each other, a source that has not answered is asked for again. */
const mostTries = 8;
const waitMs = 1500;

type Pending = { pending: boolean };

/** Sends until the answer no longer says that the source is still being asked; null: too long. */
async function untilAnswered<Answer extends object>(
  send: () => Promise<Answer | Pending>
): Promise<Answer | null> {
  for (let tries = 1; tries <= mostTries; tries += 1) {
    const answer = await send();
    if (!('pending' in answer && answer.pending)) return answer as Answer;
    await new Promise((resolve) => setTimeout(resolve, waitMs));
  }
  return null;
}

export function refreshTitle(id: number): Promise<Refreshed | null> {
  const params = { path: { id_or_slug: String(id) } };
  return untilAnswered<Refreshed>(() =>
    unwrap(api.POST('/api/titles/{id_or_slug}/refresh', { params }))
  );
}

/** Makes a source's title one of ours, listed for everybody. */
export function putIntoCatalogue(source: string, id: string): Promise<Title | null> {
  const params = { path: { source } };
  const body = { id, listed: true };
  return untilAnswered<Title>(() =>
    unwrap(api.POST('/api/sources/{source}/titles', { params, body }))
  );
}

export function takeChapters(series: string, body: FollowForm): Promise<Follow> {
  const params = { path: { id_or_slug: series } };
  return unwrap(api.POST('/api/series/{id_or_slug}/sources', { params, body }));
}

export function setFollowing(series: string, id: number, follow: boolean): Promise<Follow> {
  const params = { path: { id_or_slug: series, id: String(id) } };
  return unwrap(api.PATCH('/api/series/{id_or_slug}/sources/{id}', { params, body: { follow } }));
}

export async function removeFollow(series: string, id: number): Promise<void> {
  const params = { path: { id_or_slug: series, id: String(id) } };
  await unwrap(api.DELETE('/api/series/{id_or_slug}/sources/{id}', { params }));
}

export function retryChapter(series: string, follow: number, id: number): Promise<SourceChapter> {
  const params = { path: { id_or_slug: series, id: String(follow), chapter: String(id) } };
  const path = '/api/series/{id_or_slug}/sources/{id}/chapters/{chapter}/retry';
  return unwrap(api.POST(path, { params }));
}
