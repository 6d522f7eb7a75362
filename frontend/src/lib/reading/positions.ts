/**
 * Where somebody stopped, kept in this browser at once: one local record per series and owner.
 * `sync.ts` carries the records to the server and back; the newest `changed_at` always wins.
 */
import type { Cover, Progress, ProgressRow } from '$lib/api/types';
import { localKeys, readLocalJson, writeLocal, writeLocalJson } from '$lib/ui/storage';

const prefix = 'mangakg.reading';
const maxSeries = 300;

/** A page and, in strips, a fraction of its height. */
export interface Place {
  page: number;
  offset: number;
}

export interface Position {
  chapter: number;
  number: string | null;
  /** 0: marked unread, there is no place. */
  page: number;
  /** Of records from before there were any: none. */
  offset?: number;
  pageCount: number;
  finishedAt: string | null;
  /** Marked unread here, which the server is still to hear: what was read until then is forgotten. */
  unreadAt?: string | null;
  changedAt: string;
  /** The server has not confirmed it yet. */
  pending: boolean;
}

export interface SeriesPositions {
  series: {
    slug: string;
    name: string;
    /** Of records from before there were any: none. */
    names?: Readonly<Record<string, string>>;
    cover: Cover | null;
  };
  chapters: Record<string, Position>;
  next: { id: number; number: string | null } | null;
}

const keyOf = (owner: string, slug: string) => `${prefix}.${owner}.${slug}`;

export function readPositions(owner: string, slug: string): SeriesPositions | null {
  return readLocalJson<SeriesPositions | null>(keyOf(owner, slug), null);
}

export function writePositions(owner: string, record: SeriesPositions): void {
  writeLocalJson(keyOf(owner, record.series.slug), record);
}

/** Whether the last thing done was reading it to its end; else a chapter that is read is read again. */
export function isAtEnd(
  position: Pick<Position, 'page' | 'offset' | 'finishedAt' | 'changedAt'>,
  pageCount: number
): boolean {
  const { page, offset = 0, finishedAt, changedAt } = position;
  if (finishedAt === null) return false;
  // A whole page has no fraction; a strip's end is the end of its last picture.
  const isOnLast = page >= pageCount && (offset === 0 || offset === 1);
  return isOnLast || Date.parse(changedAt) === Date.parse(finishedAt);
}

/** Where a chapter opens: where one is, or at its start where it is new, unread or read to its end. */
export function startIn(position: Position | undefined, pageCount: number): Place {
  if (!position || position.page < 1 || isAtEnd(position, pageCount)) return { page: 1, offset: 0 };
  const { page, offset = 0 } = position;
  return page > pageCount ? { page: Math.max(1, pageCount), offset: 0 } : { page, offset };
}

/** The place that was changed last; what is marked unread is none. */
export function lastOf(chapters: Record<string, Position>): Position | null {
  const places = Object.values(chapters).filter((one) => one.page > 0 || one.finishedAt !== null);
  return places.reduce<Position | null>(
    (last, one) => (!last || isNewer(one.changedAt, last) ? one : last),
    null
  );
}

export function lastPosition(record: SeriesPositions): Position | null {
  return lastOf(record.chapters);
}

/** Whether the first was changed last; times are all UTC ISO strings. */
function isNewer(changedAt: string, other: Position | undefined): boolean {
  return !other || Date.parse(changedAt) > Date.parse(other.changedAt);
}

function earliest(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return Date.parse(other) < Date.parse(one) ? other : one;
}

/**
 * What the server is to hear of a position, in rows that may come late and in any order: each says
 * what was done at its own moment, so that a finish is never newer than it was.
 */
export function rowsOf(position: Position): ProgressRow[] {
  const { chapter, page, offset = 0, pageCount, finishedAt, unreadAt, changedAt } = position;
  const blank = { chapter, page: 0, offset: 0, finished: false, unread: false };
  const rows: ProgressRow[] = [];
  if (unreadAt) rows.push({ ...blank, unread: true, changed_at: unreadAt });
  if (finishedAt !== null && finishedAt !== changedAt) {
    const end = Math.max(page, pageCount);
    rows.push({ ...blank, page: end, finished: true, changed_at: finishedAt });
  }
  if (page > 0) {
    const finished = isAtEnd(position, pageCount);
    rows.push({ ...blank, page, offset, finished, changed_at: changedAt });
  }
  return rows;
}

/**
 * Ours and the server's as one. What the server has confirmed is as it says; of what it has not
 * heard yet the place that was turned to last holds, and a chapter that was ever read stays read.
 */
export function mergeServer(
  chapters: Record<string, Position>,
  states: readonly Progress[]
): Record<string, Position> {
  const merged = { ...chapters };
  for (const state of states) {
    const mine = merged[state.chapter];
    const theirs: Position = {
      chapter: state.chapter,
      number: mine?.number ?? null,
      page: state.page,
      offset: state.offset,
      pageCount: mine?.pageCount ?? 0,
      finishedAt: state.finished_at,
      changedAt: state.changed_at,
      pending: false
    };
    merged[state.chapter] = mine?.pending ? withPending(mine, theirs) : theirs;
  }
  return merged;
}

function withPending(mine: Position, theirs: Position): Position {
  const { unreadAt } = mine;
  const isForgotten =
    unreadAt && theirs.finishedAt && Date.parse(theirs.finishedAt) <= Date.parse(unreadAt);
  const finishedAt = earliest(isForgotten ? null : theirs.finishedAt, mine.finishedAt);
  if (!isNewer(theirs.changedAt, mine)) return { ...mine, finishedAt };
  const pending = finishedAt !== theirs.finishedAt || Boolean(unreadAt);
  return { ...theirs, finishedAt, pending, ...(unreadAt && { unreadAt }) };
}

/** All series of one owner, the last read first. */
export function allPositions(owner: string): SeriesPositions[] {
  return localKeys(`${prefix}.${owner}.`)
    .map((key) => readLocalJson<SeriesPositions | null>(key, null))
    .filter((record): record is SeriesPositions => record !== null)
    .sort((a, b) =>
      (lastPosition(a)?.changedAt ?? '') < (lastPosition(b)?.changedAt ?? '') ? 1 : -1
    );
}

/** What a guest read here belongs to whoever logs in here. */
export function adoptGuestPositions(owner: string): void {
  for (const record of allPositions('guest')) {
    const mine = readPositions(owner, record.series.slug);
    const chapters = { ...mine?.chapters };
    for (const [id, position] of Object.entries(record.chapters)) {
      const known = chapters[id];
      const finishedAt = earliest(known?.finishedAt ?? null, position.finishedAt);
      const last = known && !isNewer(position.changedAt, known) ? known : position;
      chapters[id] = { ...last, finishedAt, pending: true };
    }
    writePositions(owner, { ...record, chapters });
    writeLocal(keyOf('guest', record.series.slug), null);
  }
}

export function forgetPositions(owner: string): void {
  for (const key of localKeys(`${prefix}.${owner}.`)) writeLocal(key, null);
}

/** Keeps the newest series only, so that storage never fills; what the server has not heard stays. */
export function prunePositions(owner: string): void {
  for (const record of allPositions(owner).slice(maxSeries)) {
    const isHeard = !Object.values(record.chapters).some((one) => one.pending);
    if (isHeard) writeLocal(keyOf(owner, record.series.slug), null);
  }
}
