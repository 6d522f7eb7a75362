import assert from 'node:assert/strict';
import { test } from 'vitest';
import { isOtherGroup, missingBetween } from '../src/lib/reading/between.ts';
import { findChapters } from '../src/lib/reading/chapterSearch.ts';

const at = (number: string | null, slug?: string) => ({
  number,
  group: slug === undefined ? null : { slug }
});

test('the numbers that are missing between two chapters are said', () => {
  assert.deepEqual(missingBetween(at('12'), at('16')), { first: 13, last: 15 });
  assert.deepEqual(missingBetween(at('12.5'), at('14')), { first: 13, last: 13 });
  for (const next of ['13', '12.5', '1', null])
    assert.equal(missingBetween(at('12'), at(next)), null);
});

test('a change of group is said, and nothing where it is not known', () => {
  assert.equal(isOtherGroup(at('1', 'a'), at('2', 'b')), true);
  assert.equal(isOtherGroup(at('1', 'a'), at('2')), true);
  assert.equal(isOtherGroup(at('1', 'a'), at('2', 'a')), false);
  assert.equal(isOtherGroup(at('1', 'a'), { number: '2' }), false);
});

test('a chapter is found by its number before others that begin alike, and by its name', () => {
  const rows = ['1', '12', '2', '21.5'].map((number) => ({
    number,
    title: number === '2' ? 'The Well' : '',
    group: null
  }));
  const found = (typed: string) => findChapters(rows, typed).map((row) => row.number);

  assert.deepEqual(found('12'), ['12']);
  assert.deepEqual(found('2'), ['2', '21.5']);
  assert.deepEqual(found('21,5'), ['21.5']);
  assert.deepEqual(found(' well '), ['2']);
  assert.deepEqual(found(''), ['1', '12', '2', '21.5']);
});
