import assert from 'node:assert/strict';
import { test } from 'vitest';
import { drawingOf } from '../src/lib/ui/drawing.ts';

test('a name always gives the same drawing, and another name another', () => {
  assert.deepEqual(drawingOf('Манас'), drawingOf('Манас'));
  assert.notDeepEqual(drawingOf('Манас'), drawingOf('Семетей'));
});

test('the letter is the first that is one', () => {
  assert.equal(drawingOf(' «өрт»').letter, 'Ө');
  assert.equal(drawingOf('…').letter, '');
});
