/** One chapter being read, without a screen. */
import './fakeBrowser.ts';
import assert from 'node:assert/strict';
import { beforeEach, test } from 'vitest';
import type { Chapter } from '../src/lib/api/types.ts';
import { preferences } from '../src/lib/reading/preferences.svelte.ts';
import { Reader } from '../src/lib/reading/reader.svelte.ts';

const count = 5;
const chapter = {
  id: 7,
  number: '7',
  page_count: count,
  series: { slug: 'a', name: 'A', reading_direction: 'ltr' },
  previous: { id: 6 },
  next: { id: 8 },
  pages: Array.from({ length: count }, (_, index) => ({
    number: index + 1,
    width: 1000,
    height: 1500,
    wide: false
  }))
} as Chapter;

let told: { page: number; isFinished: boolean }[];
let opened: [number, string][];

function begin(start: { page: number; offset: number; isSent?: boolean } = { page: 1, offset: 0 }) {
  return new Reader(chapter, start, {
    onplace: ({ page }, isFinished) => told.push({ page, isFinished }),
    onchapter: (id, from) => opened.push([id, from])
  });
}

function turn(reader: Reader, times: number): void {
  for (let turned = 0; turned < times; turned += 1) reader.turn('next');
}

const isRead = () => told.some(({ isFinished }) => isFinished);

beforeEach(() => {
  told = [];
  opened = [];
});

test('a chapter is read where its last page was turned to and its picture is there', () => {
  const reader = begin();

  turn(reader, 4);
  assert.equal(isRead(), false);
  reader.pictureEnded(4, 'loaded');

  assert.deepEqual(told.at(-1), { page: 5, isFinished: true });
});

test('a chapter with a picture that failed is not read until that picture is there', () => {
  const reader = begin();
  reader.pictureEnded(2, 'failed');
  reader.pictureEnded(4, 'loaded');

  turn(reader, 4);
  assert.equal(isRead(), false);
  reader.pictureEnded(2, 'loaded');

  assert.equal(isRead(), true);
});

test('a chapter whose end was only jumped to is not read, and is where one turns on from it', () => {
  const reader = begin();
  reader.pictureEnded(4, 'loaded');

  reader.jumpTo(4);
  assert.deepEqual(told, [{ page: 5, isFinished: false }]);
  reader.turn('next');

  assert.equal(reader.edge, 'end');
  assert.equal(isRead(), true);
});

test("another device's place is shown and told to nobody", () => {
  const reader = begin();

  reader.restore({ page: 3, offset: 0 });
  reader.pictureEnded(2, 'loaded');

  assert.equal(reader.at, 2);
  assert.deepEqual(told, []);
});

test("another device's place moves nobody who has begun to turn pages", () => {
  const reader = begin();

  reader.turn('next');
  reader.restore({ page: 4, offset: 0 });

  assert.equal(reader.at, 1);
});

test('the previous chapter opens at its start by key, and at its end by turning back', () => {
  const reader = begin();

  reader.openChapter('previous', 'start');
  reader.turn('previous');
  reader.turn('previous');

  assert.deepEqual(opened, [
    [6, 'start'],
    [6, 'end']
  ]);
});

test('a strip that was sent to its end is read once somebody scrolls on or back to it', () => {
  preferences.setForSeries('a', { mode: 'strip' });
  const reader = begin();
  reader.pictureEnded(4, 'loaded');

  reader.jumpTo(4);
  reader.settled(1, true);
  assert.equal(isRead(), false);
  reader.scrolledTo(3, 0.5, 'none');
  reader.settled(0.5, false);
  reader.scrolledTo(4, 1, 'none');
  reader.settled(1, true);

  assert.equal(isRead(), true);
  preferences.setForSeries('a', { mode: undefined });
});
