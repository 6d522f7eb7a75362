/**
 * Carries a reader's place: local storage at once, the server a moment later, and on leaving the
 * tab at once, by a request that outlives it.
 */
import { api, postAsIs, unwrap } from '$lib/api/client';
import { ApiError } from '$lib/api/errors';
import { tokenInHand } from '$lib/api/tokens';
import type { Chapter, Cover, Progress } from '$lib/api/types';
import { registerPersonalState } from '$lib/auth/personal';
import { session } from '$lib/auth/session.svelte';
import {
  allPositions,
  lastPosition,
  mergeServer,
  prunePositions,
  readPositions,
  rowsOf,
  writePositions,
  type Place,
  type Position,
  type SeriesPositions
} from './positions';
import { fromBrowser, fromServer, joinResumes, type Resume } from './resume';

const quietMs = 1500;
/** A position is three rows at most, and a request takes a hundred. */
const positionsAtOnce = 33;
/** What may be taken another time: too slow, too early, too often. */
const laterStatuses = new Set([408, 425, 429]);
/** How long logging out waits for the last places to be taken. */
const farewellMs = 3000;
/** As many as the account's list has at most; with fewer it is whole. */
const maxResumes = 20;

interface Unsent {
  slug: string;
  position: Position;
}
const unsent = new Map<number, Unsent>();
let timer: ReturnType<typeof setTimeout> | undefined;

/** Keeps the place that is on the screen. `finished` is never taken back by turning pages. */
export function keepPosition(
  chapter: Chapter,
  place: Place & { finished: boolean; cover: SeriesPositions['series']['cover'] }
): Position {
  const { slug, name, names } = chapter.series;
  const known = readPositions(session.owner, slug);
  const before = known?.chapters[chapter.id];
  const changedAt = new Date().toISOString();
  const position: Position = {
    chapter: chapter.id,
    number: chapter.number,
    page: place.page,
    offset: place.offset,
    pageCount: chapter.page_count,
    finishedAt: before?.finishedAt ?? (place.finished ? changedAt : null),
    unreadAt: before?.unreadAt ?? null,
    changedAt,
    pending: true
  };
  keep(position, {
    series: { slug, name, names, cover: place.cover ?? known?.series.cover ?? null },
    chapters: known?.chapters ?? {},
    next: chapter.next && { id: chapter.next.id, number: chapter.next.number }
  });
  return position;
}

function keep(position: Position, record: SeriesPositions): void {
  const chapters = { ...record.chapters, [position.chapter]: position };
  writePositions(session.owner, { ...record, chapters });
  if (!session.me) return;
  unsent.set(position.chapter, { slug: record.series.slug, position });
  clearTimeout(timer);
  timer = setTimeout(() => void sendUnsent(), quietMs);
}

/** Marks a chapter of a list as read, without opening it. */
export async function markRead(id: number, cover: Cover | null): Promise<Position> {
  // What follows it, and how many pages it has, the server knows.
  const chapter = await unwrap(
    api.GET('/api/chapters/{id}', { params: { path: { id: String(id) } } })
  );
  const end = { page: Math.max(1, chapter.page_count), offset: 0 };
  return keepPosition(chapter, { ...end, finished: true, cover });
}

/** Forgets what was read of a chapter; the next thing to read is then this one. */
export function markUnread(slug: string, position: Position): Position {
  const now = new Date().toISOString();
  const unread = {
    ...position,
    ...{ page: 0, offset: 0, finishedAt: null, unreadAt: now, changedAt: now, pending: true }
  };
  const known = readPositions(session.owner, slug);
  const record = known ?? { series: { slug, name: slug, cover: null }, chapters: {}, next: null };
  const wasLast = lastPosition(record)?.chapter === position.chapter;
  const next = wasLast ? { id: position.chapter, number: position.number } : record.next;
  keep(unread, { ...record, next });
  return unread;
}

async function sendUnsent(): Promise<void> {
  clearTimeout(timer);
  const now = [...unsent.values()];
  unsent.clear();
  await sendPositions(session.owner, now);
}

async function sendPositions(owner: string, all: readonly Unsent[]): Promise<void> {
  for (let start = 0; start < all.length; start += positionsAtOnce) {
    // A long list goes on while people come and go: a place is kept only for whose it is.
    if (session.owner !== owner) return;
    const some = all.slice(start, start + positionsAtOnce);
    try {
      const rows = some.map(({ position }) => rowsOf(position));
      const { results } = await unwrap(
        api.POST('/api/reading/progress', { body: { rows: rows.flat() } })
      );
      let end = 0;
      some.forEach((one, index) => {
        const count = rows[index]?.length ?? 0;
        end += count;
        // The last row's answer says how things stand; a position without any has nothing to say.
        const answer = count > 0 ? results[end - 1] : { progress: null };
        if (answer) settle(owner, one, answer.progress ? [answer.progress] : []);
      });
    } catch (problem) {
      // Offline, logged out or too often: they stay pending on disk and go with the next visit.
      if (!isRefused(problem)) return;
      for (const one of some) settle(owner, one, []);
    }
  }
}

/** Whether the server will never take it, however often it is sent. */
function isRefused(problem: unknown): boolean {
  const { kind, status } = ApiError.from(problem);
  return kind === 'refused' && status < 500 && !laterStatuses.has(status);
}

/** What is refused is kept in this browser and not sent again: its chapter may be gone. */
function settle(owner: string, { slug, position: sent }: Unsent, states: Progress[]): void {
  const record = readPositions(owner, slug);
  const now = record?.chapters[sent.chapter];
  if (!record || now?.changedAt !== sent.changedAt) return;
  const chapters = { ...record.chapters, [sent.chapter]: { ...now, pending: false } };
  writePositions(owner, { ...record, chapters: mergeServer(chapters, states) });
}

/** The tab is being hidden or closed: what is unsent leaves now, with the token in hand. */
function sendBeforeLeaving(): void {
  clearTimeout(timer);
  if (!tokenInHand() || unsent.size === 0) return;
  const some = [...unsent.values()].slice(-positionsAtOnce);
  const rows = some.flatMap(({ position }) => rowsOf(position));
  void postAsIs('/api/reading/progress', { rows }, { keepalive: true }).catch(() => undefined);
  unsent.clear();
}

/** The states of one series, ours and the server's together. */
export async function loadPositions(slug: string): Promise<Record<string, Position>> {
  await session.ready;
  const { owner } = session;
  const before = readPositions(owner, slug)?.chapters ?? {};
  if (!session.me) return before;
  try {
    const { results } = await unwrap(
      api.GET('/api/series/{id_or_slug}/progress', { params: { path: { id_or_slug: slug } } })
    );
    // Somebody else may have come meanwhile, and these are not theirs.
    if (session.owner !== owner) return await loadPositions(slug);
    return takeOver(owner, slug, before, results);
  } catch {
    return before;
  }
}

/** Keeps what the server says, but for what was turned to while it was asked. */
function takeOver(
  owner: string,
  slug: string,
  before: Record<string, Position>,
  states: readonly Progress[]
): Record<string, Position> {
  const record = readPositions(owner, slug);
  const known = new Set(states.map(({ chapter }) => chapter));
  // What the server had and has no more was undone there.
  const unsettled = Object.entries(before).filter(
    ([, one]) => one.pending || known.has(one.chapter)
  );
  const chapters = mergeServer(Object.fromEntries(unsettled), states);
  for (const [id, now] of Object.entries(record?.chapters ?? {})) {
    if (now.changedAt !== before[id]?.changedAt) chapters[id] = now;
  }
  if (record) writePositions(owner, { ...record, chapters });
  return chapters;
}

/** "Continue reading" as this browser knows it. */
export function localResumes(owner: string): Resume[] {
  return allPositions(owner)
    .map(fromBrowser)
    .filter((one): one is Resume => one !== null);
}

/** "Continue reading": the account's list and this browser's, as one. */
export async function loadResumes(): Promise<Resume[]> {
  await session.ready;
  const { owner } = session;
  const mine = localResumes(owner);
  if (!session.me) return mine;
  const { results } = await unwrap(api.GET('/api/reading'));
  if (session.owner !== owner) return loadResumes();
  return joinResumes(results.map(fromServer), mine, results.length < maxResumes);
}

/** Sends what earlier visits could not: read offline, or before logging in. */
export async function sendPending(): Promise<void> {
  await session.ready;
  if (!session.me) return;
  const { owner } = session;
  const pending = allPositions(owner).flatMap(({ series, chapters }) =>
    Object.values(chapters)
      .filter((position) => position.pending)
      .map((position) => ({ slug: series.slug, position }))
  );
  await sendPositions(owner, pending);
  prunePositions(owner);
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

registerPersonalState({
  sendUnsent: () => {
    const sent = sendUnsent().then(sendPending);
    return Promise.race([sent, new Promise((resolve) => setTimeout(resolve, farewellMs))]);
  },
  clear: () => {
    clearTimeout(timer);
    unsent.clear();
  }
});
