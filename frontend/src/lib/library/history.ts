/** Rows of history as sentences: which field went from what to what. */
import type { LibraryChange, ScoreFormat } from '$lib/api/types';
import { named, say, t } from '$lib/i18n/i18n.svelte';
import { showScore } from './scores';
import { statusName } from './words';

export interface Line {
  field: string;
  from: string;
  to: string;
}

/** What a row says. Where an item was added or removed, that alone. */
export function linesOf({ changes }: Pick<LibraryChange, 'changes'>, format: ScoreFormat): Line[] {
  const { item, ...fields } = changes;
  if (item) {
    const words = item[0] === null ? 'library.history.added' : 'library.history.removed';
    return [{ field: t(words), from: '', to: '' }];
  }
  return Object.entries(fields).map(([field, [from, to]]) => ({
    field: named('library.field', field),
    from: written(field, from, format),
    to: written(field, to, format)
  }));
}

/** A value of a field, as people write it. */
export function written(field: string, value: unknown, format: ScoreFormat): string {
  if (value === null || value === undefined || value === '') return '—';
  if (field === 'status') return statusName(String(value));
  if (field === 'score') return showScore(Number(value), format, say.number);
  if (typeof value === 'boolean') return t(value ? 'library.yes' : 'library.no');
  if (typeof value === 'number') return say.number(value);
  if (Array.isArray(value)) return value.join(', ') || '—';
  return field.endsWith('_on') ? say.date(String(value)) : String(value);
}

/**
 * The ids of those that can be undone: of each title the newest that is not undone yet. Only
 * moderators undo that titles were merged, and with it all before becomes undoable again.
 */
export function lastOfTitles(
  newestFirst: readonly Pick<LibraryChange, 'id' | 'title' | 'origin' | 'undone_at'>[]
): Set<number> {
  const undoable = new Set<number>();
  const passed = new Set<number>();
  for (const { id, title, origin, undone_at: undoneAt } of newestFirst) {
    if (undoneAt || passed.has(title.id)) continue;
    passed.add(title.id);
    if (origin !== 'merge') undoable.add(id);
  }
  return undoable;
}
