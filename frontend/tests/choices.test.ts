import assert from 'node:assert/strict';
import { test } from 'vitest';
import { readingOf, settled, type OfAccount } from '../src/lib/reading/choices.ts';

const silent: OfAccount = {
  reading: { direction: '', fit: '', data_saver: null }
};
const account: OfAccount = {
  reading: { direction: 'strip', fit: 'width', data_saver: false }
};

test('what was chosen on the device goes before the account', () => {
  assert.deepEqual(settled({ direction: '', fit: 'original', saver: 'on' }, account), {
    direction: '',
    fit: 'original',
    isDouble: true,
    saver: 'on'
  });
});

test('a new device follows the account, its data saver too', () => {
  assert.deepEqual(settled({}, account), {
    direction: 'strip',
    fit: 'width',
    isDouble: true,
    saver: 'off'
  });
});

test('where neither says anything, the page fits, the series leads and the line decides', () => {
  for (const nobody of [null, silent]) {
    assert.deepEqual(settled({}, nobody), {
      direction: '',
      fit: 'height',
      isDouble: true,
      saver: 'auto'
    });
  }
});

test('what the account is told is what it said', () => {
  for (const one of [silent, account]) {
    const fit = one.reading.fit || 'height';
    assert.deepEqual(readingOf(settled({}, one)), { ...one.reading, fit });
  }
});
