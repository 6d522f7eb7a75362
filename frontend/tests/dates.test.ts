import assert from 'node:assert/strict';
import { test } from 'vitest';
import { dayHeading, formatDateTime, inZone, relativeTime } from '../src/lib/i18n/dates.ts';

const now = new Date(2026, 10, 18, 15, 30);
const before = (minutes: number) => new Date(now.getTime() - minutes * 60_000);

test('near moments are told by their distance in each language', () => {
  assert.equal(relativeTime('en', before(0.5), now), 'just now');
  assert.equal(relativeTime('en', before(1), now), '1 minute ago');
  assert.equal(relativeTime('ru', before(3), now), '3 минуты назад');
  assert.equal(relativeTime('ru', before(21), now), '21 минуту назад');
  assert.equal(relativeTime('ru', before(5 * 60), now), '5 часов назад');
  assert.equal(relativeTime('ky', before(5), now), '5 мүнөт мурун');
  assert.equal(relativeTime('ky', before(2 * 24 * 60), now), '2 күн мурун');
});

test('from a week on it is the date', () => {
  const old = before(7 * 24 * 60);

  assert.equal(relativeTime('en', old, now), '11 November 2026');
  assert.equal(relativeTime('ru', old, now), '11 ноября 2026 г.');
  assert.equal(relativeTime('ky', old, now), '11-ноябрь, 2026-ж.');
});

test('a server clock that is a little ahead of ours is now', () => {
  assert.equal(relativeTime('en', before(-5), now), 'just now');
});

test('the exact moment has the hour with two digits', () => {
  assert.equal(formatDateTime('en', new Date(2026, 0, 2, 3, 4)), '2 January 2026, 03:04');
});

test('days are named by midnight and not by 24 hours', () => {
  assert.equal(dayHeading('en', new Date(2026, 10, 18, 0, 1), now), 'Today');
  assert.equal(dayHeading('ru', new Date(2026, 10, 17, 23, 59), now), 'Вчера');
  assert.equal(dayHeading('ky', new Date(2026, 10, 16, 12), now), 'Дүйшөмбү');
  assert.equal(dayHeading('en', new Date(2026, 10, 11, 12), now), '11 November 2026');
});

test('a moment is told by the clocks of the chosen zone, midnight included', () => {
  const moment = new Date('2026-11-18T18:00:05Z');

  assert.equal(formatDateTime('en', inZone(moment, 'Asia/Bishkek')), '19 November 2026, 00:00');
  assert.equal(formatDateTime('en', inZone(moment, 'America/New_York')), '18 November 2026, 13:00');
  assert.equal(inZone(moment, ''), moment);
  assert.equal(inZone(moment, 'Mars/Olympus_Mons'), moment);
});
