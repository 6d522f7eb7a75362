/**
 * Carries a reader's place: local storage at once, the server a moment later, and on leaving the
 * tab at once, by a request that outlives it.
 */
import { api, unwrap } from '$lib/api/client';
import type { Chapter, Progress } from '$lib/api/types';
import { registerBelongings } from '$lib/auth/belongings';
import { session } from '$lib/auth/session.svelte';
import { tokenInHand } from '$lib/auth/tokens';
import {
  allPositions,
  mergeServer,
  prunePositions,
  readPositions,
  writePositions,
  type Position,
  type SeriesPositions
} from './positions';
import { fromBrowser, fromServer, mergeResumes, type Resume } from './resume';

const quietMs = 1500;
const unsent = new Map<number, { slug: string; position: Position }>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Keeps the page that is on the screen. `finished` is never taken back by turning pages. */
export function keepPosition(
  chapter: Chapter,
  place: { page: number; finished: boolean; cover: SeriesPositions['series']['cover'] }
): void {
  const { slug, name } = chapter.series;
  const known = readPositions(session.owner, slug);
  const before = known?.chapters[chapter.id];
  const changedAt = new Date().toISOString();
  const position: Position = {
    chapter: chapter.id,
    number: chapter.number,
    page: place.page,
    pageCount: chapter.page_count,
    finishedAt: place.finished ? (before?.finishedAt ?? changedAt) : (before?.finishedAt ?? null),
    changedAt,
    pending: true
  };
  writePositions(session.owner, {
    series: { slug, name, cover: place.cover ?? known?.series.cover ?? null },
    chapters: { ...known?.chapters, [chapter.id]: position },
    next: chapter.next && { id: chapter.next.id, number: chapter.next.number }
  });
  if (!session.me) return;
  unsent.set(chapter.id, { slug, position });
  clearTimeout(timer);
  timer = setTimeout(() => void sendUnsent(), quietMs);
}

async function sendUnsent(): Promise<void> {
  clearTimeout(timer);
  const { owner } = session;
  for (const [id, { slug, position }] of [...unsent]) {
    unsent.delete(id);
    await sendPosition(owner, slug, position);
  }
}

async function sendPosition(owner: string, slug: string, position: Position): Promise<void> {
  // A long list goes on while people come and go: a place is kept only for whose it is.
  if (session.owner !== owner) return;
  try {
    const state = await unwrap(
      api.PUT('/api/chapters/{id}/progress', {
        params: { path: { id: String(position.chapter) } },
        body: bodyOf(position)
      })
    );
    confirm(owner, slug, position, state);
  } catch {
    // It stays pending on disk and goes with the next visit.
  }
}

function bodyOf(position: Position) {
  return {
    page: position.page,
    finished: position.finishedAt !== null,
    changed_at: position.changedAt
  };
}

function confirm(owner: string, slug: string, sent: Position, state: Progress): void {
  const record = readPositions(owner, slug);
  const now = record?.chapters[sent.chapter];
  if (!record || !now || now.changedAt !== sent.changedAt) return;
  const chapters = { ...record.chapters, [sent.chapter]: { ...now, pending: false } };
  writePositions(owner, { ...record, chapters: mergeServer(chapters, [state]) });
}

/** The tab is being hidden or closed: what is unsent leaves now, with the token in hand. */
function sendBeforeLeaving(): void {
  const token = tokenInHand();
  clearTimeout(timer);
  if (!token) return;
  for (const { position } of unsent.values()) {
    void fetch(`/api/chapters/${position.chapter}/progress`, {
      method: 'PUT',
      keepalive: true,
      headers: { 'Content-Type': 'application/json', Authorization: `Bearer ${token}` },
      body: JSON.stringify(bodyOf(position))
    }).catch(() => undefined);
  }
  unsent.clear();
}

/** The states of one series, ours and the server's together. */
export async function loadPositions(slug: string): Promise<Record<string, Position>> {
  await session.ready;
  const { owner } = session;
  const mine = readPositions(owner, slug)?.chapters ?? {};
  if (!session.me) return mine;
  try {
    const { results } = await unwrap(
      api.GET('/api/series/{id_or_slug}/progress', { params: { path: { id_or_slug: slug } } })
    );
    // Somebody else may have come meanwhile, and these are not theirs.
    return session.owner === owner ? mergeServer(mine, results) : loadPositions(slug);
  } catch {
    return mine;
  }
}

/** "Continue reading": the account's list and this browser's, as one. */
export async function loadResumes(): Promise<Resume[]> {
  await session.ready;
  const { owner } = session;
  const mine = allPositions(owner)
    .map(fromBrowser)
    .filter((one): one is Resume => one !== null);
  if (!session.me) return mine;
  const { results } = await unwrap(api.GET('/api/reading'));
  if (session.owner !== owner) return loadResumes();
  return mergeResumes(results.map(fromServer), mine);
}

/** Sends what earlier visits could not: read offline, or before logging in. */
export async function sendPending(): Promise<void> {
  await session.ready;
  if (!session.me) return;
  const { owner } = session;
  prunePositions(owner);
  for (const record of allPositions(owner)) {
    for (const position of Object.values(record.chapters)) {
      if (position.pending) await sendPosition(owner, record.series.slug, position);
    }
  }
}

export function watchLeaving(): () => void {
  const onVisibility = () => document.visibilityState === 'hidden' && sendBeforeLeaving();
  window.addEventListener('pagehide', sendBeforeLeaving);
  document.addEventListener('visibilitychange', onVisibility);
  return () => {
    window.removeEventListener('pagehide', sendBeforeLeaving);
    document.removeEventListener('visibilitychange', onVisibility);
  };
}

registerBelongings({
  finish: async () => {
    await sendUnsent();
    await sendPending();
  },
  forget: () => {
    clearTimeout(timer);
    unsent.clear();
  }
});
