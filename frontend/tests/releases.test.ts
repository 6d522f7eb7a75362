import assert from 'node:assert/strict';
import { test } from 'vitest';
import { joinReleases, missingBetween, type Release } from '../src/lib/chapters/releases.ts';

const release = (
  id: number,
  number: string | null,
  language: string,
  group = '',
  volume: number | null = null
): Release => ({ id, number, volume, language, group: group ? { slug: group } : null });

const idsOf = (numbers: { main: Release; others: Release[] }[]) =>
  numbers.map(({ main, others }) => [main.id, ...others.map((one) => one.id)]);

test('releases of one number are one row, what the reader would choose first', () => {
  const rows = [
    release(1, '2', 'en', 'steppe'),
    release(2, '2', 'ru', 'ala-too'),
    release(3, '2', 'ky', 'steppe'),
    release(4, '2', 'ky', 'ala-too'),
    release(5, '1', 'en')
  ];

  const numbers = joinReleases(rows, { languages: ['ky', 'ru'], groups: ['ala-too', 'steppe'] });

  assert.deepEqual(idsOf(numbers), [[4, 3, 2, 1], [5]]);
});

test('a number that comes on a later page joins its row', () => {
  const first = [release(1, '2', 'en')];
  const wishes = { languages: ['ky'] };

  const [before] = joinReleases(first, wishes);
  const [after] = joinReleases([...first, release(2, '2', 'ky')], wishes);

  assert.equal(before?.id, after?.id);
  assert.equal(after?.main.id, 2);
});

test('one-shots stay apart, and so do equal numbers of volumes that begin anew', () => {
  const rows = [
    release(1, null, 'en'),
    release(2, null, 'ky'),
    release(3, '1', 'en', '', 1),
    release(4, '1', 'en', '', 2)
  ];

  assert.deepEqual(idsOf(joinReleases(rows, { languages: [] })), [[1], [2], [3, 4]]);
  assert.deepEqual(idsOf(joinReleases(rows, { languages: [] }, true)), [[1], [2], [3], [4]]);
});

test.each([
  ['10', '12', { first: 11, last: 11 }],
  ['10.5', '12', { first: 11, last: 11 }],
  ['12', '1', null],
  ['1', '5', { first: 2, last: 4 }],
  ['10', '10.5', null],
  ['10.5', '11', null],
  ['3', '3', null],
  [null, '3', null]
])('between %s and %s is missing %o', (earlier, later, missing) => {
  assert.deepEqual(missingBetween(earlier, later), missing);
});
