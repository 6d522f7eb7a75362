import assert from 'node:assert/strict';
import { test } from 'vitest';
import {
  lineAtOffset,
  offsetAtLine,
  liveRange,
  maxLive,
  pageAtLine,
  pairPages,
  spreadOf,
  stripTops
} from '../src/lib/reading/spreads.ts';

const tall = { width: 1000, height: 1500, wide: false };
const wide = { width: 2000, height: 1500, wide: true };

test('the cover stands alone and the rest in pairs', () => {
  assert.deepEqual(pairPages([tall, tall, tall, tall], 'double'), [[0], [1, 2], [3]]);
});

test('shifted, the cover has the second page beside it', () => {
  assert.deepEqual(pairPages([tall, tall, tall, tall], 'double-shifted'), [
    [0, 1],
    [2, 3]
  ]);
});

test('a wide page stands alone, and so does the one it cuts off', () => {
  const spreads = pairPages([tall, tall, wide, tall, tall, wide], 'double');

  assert.deepEqual(spreads, [[0], [1], [2], [3, 4], [5]]);
});

test('a page wider than high is wide even when nobody marked it', () => {
  assert.deepEqual(pairPages([tall, { ...wide, wide: false }, tall], 'double'), [[0], [1], [2]]);
});

test('every page is shown exactly once and in order', () => {
  const pages = Array.from({ length: 57 }, (_, index) => (index % 7 === 3 ? wide : tall));
  const order = Array.from({ length: 57 }, (_, index) => index);

  assert.deepEqual(pairPages(pages, 'double').flat(), order);
  assert.deepEqual(pairPages(pages, 'double-shifted').flat(), order);
  assert.deepEqual(pairPages(pages, 'single').flat(), order);
});

test('a page knows its spread', () => {
  assert.equal(spreadOf([[0], [1, 2], [3]], 2), 1);
});

test('never more than fifteen pages live, and the next three always do', () => {
  for (let at = 0; at < 300; at += 1) {
    const { first, last } = liveRange(at, 300, { behind: 4, ahead: 10 });

    assert.ok(last - first + 1 <= maxLive);
    assert.ok(first <= at && last >= Math.min(299, at + 3));
  }
});

test('a strip knows its page under a line', () => {
  const tops = stripTops([tall, tall, { ...tall, height: 6000 }], () => 500);

  assert.deepEqual(tops, [0, 750, 1500, 4500]);
  assert.deepEqual(
    [0, 749, 750, 1499, 1500, 4400, 9999].map((line) => pageAtLine(tops, line)),
    [0, 0, 1, 1, 2, 2, 2]
  );
});

test('a place in a long picture is found again, on a screen of any width', () => {
  const pages = [
    { width: 400, height: 600, wide: false },
    { width: 400, height: 6000, wide: false }
  ];
  const narrow = stripTops(pages, () => 200);
  const broad = stripTops(pages, () => 800);

  const offset = offsetAtLine(narrow, 1, 300 + 750);

  assert.equal(offset, 0.25);
  assert.equal(lineAtOffset(narrow, 1, offset), 300 + 750);
  assert.equal(lineAtOffset(broad, 1, offset), 1200 + 3000);
  assert.deepEqual([offsetAtLine(narrow, 1, 0), offsetAtLine(narrow, 1, 9999)], [0, 1]);
});
