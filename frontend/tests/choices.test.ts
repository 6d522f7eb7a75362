import assert from 'node:assert/strict';
import { test } from 'vitest';
import { directionOf, settled, shownRatings, type OfAccount } from '../src/lib/reading/choices.ts';

const silent: OfAccount = {
  reading: { direction: '', fit: '', data_saver: null },
  hidden_ratings: []
};
const account: OfAccount = {
  reading: { direction: 'strip', fit: 'width', data_saver: false },
  hidden_ratings: ['erotica']
};

test('what was chosen on the device goes before the account', () => {
  const chosen = { fit: 'original', isSaver: true } as const;

  assert.deepEqual(settled(chosen, account, false), {
    fit: 'original',
    isDouble: true,
    isSaver: true
  });
});

test('a new device follows the account, its data saver too', () => {
  assert.deepEqual(settled({}, account, true), { fit: 'width', isDouble: true, isSaver: false });
});

test('where neither says anything, the page fits and the connection decides', () => {
  for (const nobody of [null, silent]) {
    assert.deepEqual(settled({}, nobody, true), { fit: 'height', isDouble: true, isSaver: true });
    assert.equal(settled({}, nobody, false).isSaver, false);
  }
});

test('the direction of the account goes before the usual one of a series', () => {
  assert.equal(directionOf(account, 'rtl'), 'strip');
  assert.equal(directionOf(silent, 'rtl'), 'rtl');
  assert.equal(directionOf(null, 'ltr'), 'ltr');
});

test('lists are asked for the ratings that are left, and for all where nothing is hidden', () => {
  assert.deepEqual(shownRatings(['safe', 'erotica'], ['erotica']), ['safe']);
  assert.deepEqual(shownRatings(['safe', 'erotica'], []), []);
});
