import assert from 'node:assert/strict';
import { test } from 'vitest';
import {
  actionForKey,
  actionForSwipe,
  actionForTap,
  bindings,
  turnOf
} from '../src/lib/reading/keys.ts';

const press = (key: string, shiftKey = false) => actionForKey({ key, shiftKey });

test('no key, tap or swipe means two things', () => {
  const keys = bindings.flatMap((binding) => binding.keys);
  const taps = bindings.flatMap((binding) => binding.tap ?? []);
  const swipes = bindings.flatMap((binding) => binding.swipe ?? []);

  for (const list of [keys, taps, swipes]) assert.equal(new Set(list).size, list.length);
});

test('keys work on a Russian layout and with capitals', () => {
  assert.equal(press('n'), 'chapter.next');
  assert.equal(press('т'), 'chapter.next');
  assert.equal(press('M'), 'bar');
  assert.equal(press('ь'), 'bar');
});

test('space goes on and shift with space goes back', () => {
  assert.equal(press(' '), 'next');
  assert.equal(press(' ', true), 'previous');
});

test('shortcuts of the browser stay its own', () => {
  assert.equal(actionForKey({ key: 'f', shiftKey: false, ctrlKey: true }), null);
});

test('where characters are switched off, only keys that write nothing mean anything', () => {
  const plain = (key: string) => actionForKey({ key, shiftKey: false }, false);

  assert.deepEqual(['n', 'т', '2', '?', '/'].map(plain), [null, null, null, null, null]);
  assert.deepEqual(['ArrowDown', ' ', 'Escape', 'Home'].map(plain), [
    'down',
    'next',
    'leave',
    'first'
  ]);
});

test('left is forward in a book from right to left, and back in others', () => {
  assert.equal(turnOf('left', 'rtl'), 'next');
  assert.equal(turnOf('right', 'rtl'), 'previous');
  assert.equal(turnOf('left', 'ltr'), 'previous');
  assert.equal(turnOf('right', 'strip'), 'next');
  assert.equal(turnOf('next', 'rtl'), 'next');
});

test('taps: the sides turn, the middle shows the bar, a strip only knows the bar', () => {
  assert.equal(actionForTap(20, 360, 'rtl'), 'left');
  assert.equal(actionForTap(180, 360, 'rtl'), 'bar');
  assert.equal(actionForTap(350, 360, 'ltr'), 'right');
  assert.equal(actionForTap(20, 360, 'strip'), 'bar');
});

test('a swipe to the left brings what is on the right', () => {
  assert.equal(actionForSwipe({ dx: -120, dy: 10, width: 360, ms: 200 }), 'right');
  assert.equal(actionForSwipe({ dx: 40, dy: 5, width: 360, ms: 60 }), 'left');
});

test('short, slow and slanting moves are no swipes', () => {
  assert.equal(actionForSwipe({ dx: -30, dy: 0, width: 360, ms: 900 }), null);
  assert.equal(actionForSwipe({ dx: -120, dy: 150, width: 360, ms: 200 }), null);
});
