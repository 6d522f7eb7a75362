import assert from 'node:assert/strict';
import { test } from 'vitest';
import { isOtherGroup } from '../src/lib/reading/between.ts';
import { findChapters } from '../src/lib/reading/chapterSearch.ts';

const by = (slug?: string) => ({ group: slug === undefined ? null : { slug } });

test('a change of group is said, and nothing where it is not known', () => {
  assert.equal(isOtherGroup(by('a'), by('b')), true);
  assert.equal(isOtherGroup(by('a'), by()), true);
  assert.equal(isOtherGroup(by('a'), by('a')), false);
  assert.equal(isOtherGroup(by('a'), {}), false);
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
