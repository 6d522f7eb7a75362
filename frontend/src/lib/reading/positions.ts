/**
 * Where somebody stopped, kept in this browser at once: one local record per series and owner.
 * `sync.ts` carries the records to the server and back; the newest `changed_at` always wins.
 */
import type { Cover, Progress } from '$lib/api/types';
import { localKeys, readLocalJson, writeLocal, writeLocalJson } from '$lib/ui/storage';

const prefix = 'mangakg.reading';
const maxSeries = 300;

export interface Position {
  chapter: number;
  number: string | null;
  page: number;
  pageCount: number;
  finishedAt: string | null;
  changedAt: string;
  /** The server has not confirmed it yet. */
  pending: boolean;
}

export interface SeriesPositions {
  series: { slug: string; name: string; cover: Cover | null };
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

export function lastPosition(record: SeriesPositions): Position | null {
  const all = Object.values(record.chapters);
  return all.reduce<Position | null>(
    (last, one) => (!last || one.changedAt > last.changedAt ? one : last),
    null
  );
}

/** Whether the first was changed last; times are all UTC ISO strings. */
function isNewer(changedAt: string, other: Position | undefined): boolean {
  return !other || Date.parse(changedAt) > Date.parse(other.changedAt);
}

/** The page that was turned to last holds; a chapter that was ever read to its end stays read. */
export function mergeServer(
  chapters: Record<string, Position>,
  states: readonly Progress[]
): Record<string, Position> {
  const merged = { ...chapters };
  for (const state of states) {
    const mine = merged[state.chapter];
    const finishedAt = state.finished_at ?? mine?.finishedAt ?? null;
    if (mine && !isNewer(state.changed_at, mine)) {
      merged[state.chapter] = { ...mine, finishedAt };
      continue;
    }
    merged[state.chapter] = {
      chapter: state.chapter,
      number: mine?.number ?? null,
      page: state.page,
      pageCount: mine?.pageCount ?? 0,
      finishedAt,
      changedAt: state.changed_at,
      pending: finishedAt !== state.finished_at
    };
  }
  return merged;
}

/** All series of one owner, the last read first. */
export function allPositions(owner: string): SeriesPositions[] {
  return localKeys(`${prefix}.${owner}.`)
    .map((key) => readLocalJson<SeriesPositions | null>(key, null))
    .filter((record): record is SeriesPositions => record !== null && lastPosition(record) !== null)
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
      const finishedAt = known?.finishedAt ?? position.finishedAt;
      const last = known && !isNewer(position.changedAt, known) ? known : position;
      chapters[id] = { ...last, finishedAt };
    }
    writePositions(owner, { ...record, chapters });
    writeLocal(keyOf('guest', record.series.slug), null);
  }
}

export function forgetPositions(owner: string): void {
  for (const key of localKeys(`${prefix}.${owner}.`)) writeLocal(key, null);
}

/** Keeps the newest series only, so that storage never fills. */
export function prunePositions(owner: string): void {
  for (const record of allPositions(owner).slice(maxSeries)) {
    writeLocal(keyOf(owner, record.series.slug), null);
  }
}
