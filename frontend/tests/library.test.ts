import './fakeBrowser.ts';
import assert from 'node:assert/strict';
import { test } from 'vitest';
import type { LibraryItem } from '../src/lib/api/types.ts';
import {
  changed,
  oppositeOf,
  stepped,
  withChanges,
  type Fields
} from '../src/lib/library/changes.ts';
import {
  bulkFilter,
  countFilters,
  itemsAddress,
  libraryAddress,
  readFilters,
  withoutFilters
} from '../src/lib/library/filters.ts';
import { lastOfTitles } from '../src/lib/library/history.ts';
import { choicesOf, fromField, showScore, toField } from '../src/lib/library/scores.ts';
import { completeTag, splitTags, suggestTags } from '../src/lib/library/tags.ts';

const item = {
  id: 1,
  status: 'current',
  progress: 5,
  max_progress: 12,
  has_own_max: false,
  score: 70,
  favourite: false,
  notes: '',
  started_on: '2026-11-01',
  finished_on: null,
  repeats: 0,
  tags: ['weekend']
} as unknown as LibraryItem;
const from = (query: string) => readFilters(new URLSearchParams(query)).state;
const write = (value: number, decimals: number) => value.toFixed(decimals);

// --- Scores -------------------------------------------------------------------------------------

test('a score is shown and entered in its owner’s format', () => {
  const shown = (['stars5', 'points10', 'decimal10', 'points100'] as const).map((format) => [
    showScore(85, format, write),
    fromField(toField(85, format), format),
    choicesOf(format).length
  ]);

  assert.deepEqual(shown, [
    ['★★★★☆', 80, 5],
    ['9', 90, 10],
    ['8.5', 85, 0],
    ['85', 85, 0]
  ]);
});

test('the lowest score is none of nothing, and what is no score is refused', () => {
  assert.equal(toField(4, 'stars5'), 1);
  assert.deepEqual(
    [0, 6, -1].map((entered) => fromField(entered, 'stars5')),
    [undefined, undefined, undefined]
  );
  assert.equal(fromField(8.25, 'decimal10'), 83);
});

// --- Changes that are on their way --------------------------------------------------------------

test('steps on their way add up, and stop at both ends', () => {
  const steps = [1, 1, -1].map((by) => ({ kind: 'step' as const, by }));

  assert.equal(withChanges(item, steps)?.progress, 6);
  assert.deepEqual(
    [
      stepped({ progress: 12, max_progress: 12 }, 1),
      stepped({ progress: 0, max_progress: null }, -1),
      stepped({ progress: 13, max_progress: 12 }, 1),
      stepped({ progress: 13, max_progress: 12 }, -1)
    ],
    [12, 0, 13, 12]
  );
});

test('a refused change is left out of what is shown, and those after it stay', () => {
  const refused = { kind: 'set' as const, fields: { score: 10 } };
  const later = { kind: 'step' as const, by: 1 };

  assert.deepEqual(withChanges(item, [refused, later]), { ...item, score: 10, progress: 6 });
  assert.deepEqual(withChanges(item, [later]), { ...item, progress: 6 });
  assert.equal(withChanges(item, [{ kind: 'remove' }, later]), null);
});

test('the opposite of a step brings back what the automatics moved too', () => {
  const { status, progress, started_on, finished_on, repeats } = item;

  assert.deepEqual(oppositeOf({ kind: 'step', by: 1 }, item), {
    kind: 'set',
    fields: { status, progress, started_on, finished_on, repeats }
  });
  assert.deepEqual(oppositeOf({ kind: 'set', fields: { score: 90 } }, item), {
    kind: 'set',
    fields: { score: 70 }
  });
  assert.deepEqual(oppositeOf({ kind: 'set', fields: { max_progress: 30 } }, item), {
    kind: 'set',
    fields: { max_progress: null }
  });
});

test('a form sends only what was changed in it', () => {
  const fields = { ...item, max_progress: null, notes: 'Good', tags: ['weekend'] };

  assert.deepEqual(changed(item, fields as unknown as Required<Fields>), { notes: 'Good' });
});

// --- Filters ------------------------------------------------------------------------------------

test('the address holds what the library shows, and asks the API for it', () => {
  const query =
    'status=paused&search=manas&type=manga&type=movie&tag=weekend&favourite=true&ordering=score';

  const filters = from(query);

  assert.equal(libraryAddress(filters), `/library?${query}`);
  assert.equal(itemsAddress(filters), `/api/library/items?${query}`);
  assert.equal(itemsAddress(from('')), '/api/library/items?ordering=updated');
  assert.equal(countFilters(filters), 4);
  assert.equal(libraryAddress(withoutFilters(filters)), '/library?status=paused&ordering=score');
});

test('a change of all that is shown takes the same choice, without its order', () => {
  assert.deepEqual(bulkFilter(from('type=manga&type=movie&tag=weekend&ordering=score')), {
    type: ['manga', 'movie'],
    tag: 'weekend'
  });
});

// --- Tags and history ---------------------------------------------------------------------------

test('tags are parted by commas, each once, and offered by how they begin', () => {
  assert.deepEqual(splitTags(' to  buy, Weekend,weekend,, '), ['to buy', 'weekend']);
  assert.deepEqual(suggestTags('to buy, we', ['weekend', 'western', 'to buy']), [
    'weekend',
    'western'
  ]);
  assert.equal(completeTag('to buy, we', 'weekend'), 'to buy, weekend, ');
});

test('of each title the last change that is not undone can be undone', () => {
  const change = (
    id: number,
    title: number,
    undone_at: string | null = null,
    origin: 'web' | 'merge' = 'web'
  ) => ({
    id,
    origin,
    undone_at,
    title: { id: title } as never
  });

  const undoable = lastOfTitles([
    change(9, 1, '2026-11-02'),
    change(8, 1),
    change(7, 2),
    change(6, 1),
    change(5, 3, null, 'merge'),
    change(4, 3)
  ]);

  assert.deepEqual([...undoable], [8, 7]);
});
