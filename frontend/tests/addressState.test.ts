import assert from 'node:assert/strict';
import { test } from 'vitest';
import { addressState, manyOf, numberBetween, oneOf, text } from '../src/lib/ui/addressState.ts';

const shelf = addressState({
  search: text(),
  kind: manyOf(['manga', 'comic']),
  tag: manyOf(),
  year: numberBetween(1900, 2100),
  ordering: oneOf(['newest', 'title'], '')
});
const read = (query: string) => shelf.read(new URLSearchParams(query));

test('an address without anything is the usual state, and written without anything', () => {
  assert.deepEqual(read('').state, shelf.defaults);
  assert.equal(shelf.addressOf('/browse', shelf.defaults), '/browse');
});

test('what is written is read again', () => {
  const query = 'search=manas&kind=manga&kind=comic&tag=epic&year=1999&ordering=title';

  assert.equal(shelf.write(read(query).state).toString(), query);
  assert.deepEqual(read(query).dropped, []);
});

test('what is wrong is dropped and named', () => {
  const { state, dropped } = read('kind=manga&kind=film&year=soon&ordering=magic&other=1');

  assert.deepEqual(state, { ...shelf.defaults, kind: ['manga'] });
  assert.deepEqual(
    dropped.map(({ name, value }) => `${name}=${value}`),
    ['kind=film', 'year=soon', 'ordering=magic']
  );
});
