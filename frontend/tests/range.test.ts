import assert from 'node:assert/strict';
import { test } from 'vitest';
import { pressed, rowsOf, type Range } from '../src/lib/chapters/range.ts';

const rows = ['5', '4', '3', '2', '1'].map((id) => ({ id }));
const chosen = (...ids: string[]) =>
  rowsOf(rows, ids.reduce<Range | null>(pressed, null)).map(({ id }) => id);

test('two presses choose a run in either direction, and a third begins another', () => {
  assert.deepEqual(chosen('4', '2'), ['4', '3', '2']);
  assert.deepEqual(chosen('2', '4'), ['4', '3', '2']);
  assert.deepEqual(chosen('2', '4', '1'), ['1']);
  assert.deepEqual(chosen('3', '3'), []);
});

test('a run whose end is not in the list is none', () => {
  assert.deepEqual(chosen('9', '2'), []);
});
