/**
 * What is done to an item, as a value: the screen shows items with the changes that are on their way,
 * so that taking one back, or learning that it was refused, is leaving it out.
 */
import type { LibraryItem } from '$lib/api/types';

/** The fields that somebody sets; the automatics may set others along with them. */
export type Fields = Partial<
  Pick<
    LibraryItem,
    | 'status'
    | 'progress'
    | 'progress_volumes'
    | 'score'
    | 'favourite'
    | 'notes'
    | 'private'
    | 'started_on'
    | 'finished_on'
    | 'repeats'
    | 'tags'
  > & { max_progress: number | null }
>;

export type Change =
  { kind: 'set'; fields: Fields } | { kind: 'step'; by: number } | { kind: 'remove' };

/** An item as it will be; null once it is removed. */
export function withChanges(item: LibraryItem, changes: readonly Change[]): LibraryItem | null {
  let shown = item;
  for (const change of changes) {
    if (change.kind === 'remove') return null;
    shown =
      change.kind === 'set'
        ? { ...shown, ...change.fields }
        : { ...shown, progress: stepped(shown, change.by) };
  }
  return shown;
}

/** Where a step leads: never below nothing, and never past the end where it is known. */
export function stepped(
  { progress, max_progress: max }: Pick<LibraryItem, 'progress' | 'max_progress'>,
  by: number
): number {
  const highest = by > 0 && max !== null ? Math.max(max, progress) : Infinity;
  return Math.min(highest, Math.max(0, progress + by));
}

/** What a change of the progress or the status may move as well: undoing it sets all of them back. */
const moved = ['status', 'progress', 'started_on', 'finished_on', 'repeats'] as const;

/** The change that brings an item back to how it was before. */
export function oppositeOf(change: Change, before: LibraryItem): Change {
  const touched = change.kind === 'set' ? (Object.keys(change.fields) as (keyof Fields)[]) : [];
  const isMoving =
    change.kind === 'step' || touched.some((name) => (moved as readonly string[]).includes(name));
  const names = new Set<keyof Fields>([...touched, ...(isMoving ? moved : [])]);
  const fields = Object.fromEntries(
    [...names].map((name) => [
      name,
      // Of the length only what was set by hand is set back.
      name === 'max_progress' && !before.has_own_max ? null : before[name]
    ])
  );
  return { kind: 'set', fields };
}

/** Only what differs from the item: another device may have changed the rest. */
export function changed(item: LibraryItem, fields: Required<Fields>): Fields {
  const before: Fields = { ...item, max_progress: item.has_own_max ? item.max_progress : null };
  return Object.fromEntries(
    Object.entries(fields).filter(
      ([name, value]) => JSON.stringify(value) !== JSON.stringify(before[name as keyof Fields])
    )
  );
}
