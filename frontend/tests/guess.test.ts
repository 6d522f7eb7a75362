import assert from 'node:assert/strict';
import { test } from 'vitest';
import { guessChapter } from '../src/lib/uploads/guess.ts';

const table: [name: string, number: string, volume: string, language: string][] = [
  ['12.zip', '12', '', ''],
  ['012.cbz', '12', '', ''],
  ['Chapter 10.5.zip', '10.5', '', ''],
  ['ch_007.zip', '7', '', ''],
  ['Manas v03 c021 [ru].zip', '21', '3', 'ru'],
  ['Vol.2 Ch.15 - The Well (en).zip', '15', '2', 'en'],
  ['Глава 12.zip', '12', '', ''],
  ['Том 3 Глава 4,5.zip', '4.5', '3', ''],
  ['Манас - 7-бөлүм [ky].zip', '7', '', 'ky'],
  ['2-том 15-бөлүм.zip', '15', '2', ''],
  ['第3巻 第12話.zip', '12', '3', ''],
  ['Akira (1984) 05.zip', '5', '', ''],
  ['Epic 3.zip', '3', '', ''],
  ['Night Train 2049.zip', '', '', ''],
  ['Steppe_Wolf_#8_kg.zip', '8', '', 'ky'],
  ['My Oneshot 2.zip', '', '', ''],
  ['Tale 14v2 [1080p].zip', '14', '', ''],
  ['без номера.zip', '', '', '']
];

for (const [name, number, volume, language] of table) {
  test(`reads "${name}"`, () => {
    assert.deepEqual(guessChapter(name), { number, volume, language });
  });
}
