import assert from 'node:assert/strict';
import { test } from 'vitest';
import { moved } from '../src/lib/people/languageOrder.ts';
import { recoverySheet } from '../src/lib/people/recovery.ts';
import { zoneChoices, zoneName } from '../src/lib/people/zones.ts';
import { reasonsFor } from '../src/lib/reports/reasons.ts';
import { chaptersLeft } from '../src/lib/uploads/quota.ts';

test('a sheet of recovery codes says whose they are and numbers each', () => {
  const words = { heading: 'Codes', owner: 'here.test · rina', rule: 'Each works once.' };

  const sheet = recoverySheet(['aaaa-bbbb', 'cccc-dddd'], words);

  assert.equal(
    sheet,
    'Codes\nhere.test · rina\n\n 1. aaaa-bbbb\n 2. cccc-dddd\n\nEach works once.\n'
  );
});

test('a time zone is named by its place first', () => {
  assert.equal(zoneName('Asia/Bishkek'), 'Bishkek (Asia)');
  assert.equal(zoneName('America/Argentina/Buenos_Aires'), 'Buenos Aires, Argentina (America)');
  assert.equal(zoneName('UTC'), 'UTC');
});

test('a zone that this browser does not know stays among the choices', () => {
  const values = zoneChoices('Mars/Olympus_Mons').map((zone) => zone.value);

  assert.ok(values.includes('Mars/Olympus_Mons'));
  assert.ok(values.includes('Asia/Bishkek'));
  assert.equal(new Set(values).size, values.length);
});

test('people are reported for what people do, works for what works are', () => {
  assert.ok(reasonsFor('user').includes('impersonation'));
  assert.ok(!reasonsFor('user').includes('bad_quality'));
  assert.ok(reasonsFor('page').includes('bad_quality'));
  assert.ok(!reasonsFor('chapter').includes('impersonation'));
});

test('the tightest limit says how many chapters may still be sent', () => {
  const off = {
    uploads_left: null,
    bytes_left: null,
    waiting_left: null,
    decoding_seconds_left: null
  };
  assert.equal(chaptersLeft({ ...off, uploads_left: 9, waiting_left: 2 }), 2);
  assert.equal(chaptersLeft({ ...off, waiting_left: 0 }), 0);
  assert.equal(chaptersLeft({ ...off, uploads_left: 9, decoding_seconds_left: 1 }), 9);
  assert.equal(chaptersLeft({ ...off, uploads_left: 9, decoding_seconds_left: 0 }), 0);
  assert.equal(chaptersLeft({ ...off, uploads_left: 9, bytes_left: 0 }), 0);
  assert.equal(chaptersLeft(off), null);
});

test('a language moves one place, and not beyond an end', () => {
  assert.deepEqual(moved(['ky', 'ru', 'en'], 'en', -1), ['ky', 'en', 'ru']);
  assert.deepEqual(moved(['ky', 'ru', 'en'], 'ky', 1), ['ru', 'ky', 'en']);
  assert.deepEqual(moved(['ky', 'ru'], 'ky', -1), ['ky', 'ru']);
  assert.deepEqual(moved(['ky', 'ru'], 'ru', 1), ['ky', 'ru']);
});
