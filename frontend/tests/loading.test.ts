import assert from 'node:assert/strict';
import { test } from 'vitest';
import { isSlowLine, kbitsOf } from '../src/lib/reading/lineSpeed.ts';
import { allowedToLoad, stripGroups } from '../src/lib/reading/loading.ts';

const settledAre =
  (...pages: number[]) =>
  (page: number) =>
    pages.includes(page);

test('what is on the screen loads alone, and its neighbours in turn after it', () => {
  const groups = [
    [4, 5],
    [6, 7],
    [8, 9],
    [2, 3]
  ];

  assert.deepEqual([...allowedToLoad(groups, settledAre(4), 1)], [4, 5]);
  assert.deepEqual([...allowedToLoad(groups, settledAre(4, 5), 1)], [4, 5, 6, 7]);
  assert.deepEqual([...allowedToLoad(groups, settledAre(4, 5, 6, 7), 1)], [4, 5, 6, 7, 8, 9]);
});

test('what is there stays, though the page on the screen is still on its way', () => {
  assert.deepEqual([...allowedToLoad([[4], [5], [3]], settledAre(3), 1)], [4, 3]);
});

test('a strip loads on from its page, with the one before it not last', () => {
  assert.deepEqual(stripGroups(5, { first: 3, last: 8 }), [[5], [6], [4], [7], [8], [3]]);
  assert.deepEqual(stripGroups(0, { first: 0, last: 0 }), [[0]]);
});

test('a line is slow by what was measured, before that by what the browser says', () => {
  assert.equal(isSlowLine(undefined, null, false), false);
  assert.equal(isSlowLine({ effectiveType: '3g' }, null, false), true);
  assert.equal(isSlowLine({ effectiveType: '3g' }, 20_000, false), false);
  assert.equal(isSlowLine({ effectiveType: '4g' }, 1_500, false), true);
  assert.equal(isSlowLine({ saveData: true }, 20_000, false), true);
});

test('a line that was slow has to become clearly faster', () => {
  assert.equal(isSlowLine(undefined, 3_000, false), false);
  assert.equal(isSlowLine(undefined, 3_000, true), true);
  assert.equal(isSlowLine(undefined, 5_000, true), false);
});

test("the app's own files tell how fast the line is, those side by side taken together", () => {
  const file = (responseStart: number, responseEnd: number, transferSize: number) => ({
    responseStart,
    responseEnd,
    transferSize
  });

  assert.equal(kbitsOf([file(0, 1000, 25_000), file(500, 2000, 75_000)]), 400);
  assert.equal(kbitsOf([file(5000, 6000, 50_000), file(0, 1000, 50_000)]), 400);
  // From the cache, or too little to tell.
  assert.equal(kbitsOf([file(0, 1, 0), file(0, 1, 0)]), null);
  assert.equal(kbitsOf([file(0, 1000, 40_000)]), null);
});
