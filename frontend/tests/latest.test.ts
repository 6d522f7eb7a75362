import assert from 'node:assert/strict';
import { test } from 'vitest';
import { firstNews, groupByDay } from '../src/lib/chapters/latest.ts';

const row = (id: number, slug: string, day: number, number = String(id), language = 'ky') => ({
  id,
  number,
  language,
  volume: null,
  group: null,
  published_at: new Date(2026, 10, day, 12).toISOString(),
  series: { slug }
});
const options = {
  atLeast: 1,
  wishes: { languages: ['ky', 'ru'] },
  dayOf: (iso: string) => new Date(iso).toDateString()
};
const shape = (days: ReturnType<typeof groupByDay<ReturnType<typeof row>>>) =>
  days.map((some) => some.news.map((news) => [news.slug, news.numbers.map((one) => one.main.id)]));

test('chapters of a day stand together, and inside it those of a series', () => {
  const days = groupByDay(
    [row(5, 'manas', 18), row(4, 'wolf', 18), row(3, 'manas', 18), row(2, 'manas', 17)],
    options
  );

  assert.deepEqual(shape(days), [
    [
      ['manas', [5, 3]],
      ['wolf', [4]]
    ],
    [['manas', [2]]]
  ]);
});

test('days with few series share a heading, also at the end', () => {
  const rows = [
    row(5, 'a', 18),
    row(4, 'b', 17),
    row(3, 'c', 16),
    row(2, 'd', 15),
    row(1, 'e', 14)
  ];

  const days = groupByDay(rows, { ...options, atLeast: 2 });

  assert.deepEqual(
    days.map(({ news }) => news.length),
    [2, 3]
  );
  assert.deepEqual(
    days.map(({ first, last }) => [new Date(last).getDate(), new Date(first).getDate()]),
    [
      [18, 17],
      [16, 14]
    ]
  );
});

test('one number in two languages is one line, in the language that is read first', () => {
  const [day] = groupByDay([row(2, 'manas', 18, '7', 'ru'), row(1, 'manas', 18, '7')], options);

  assert.deepEqual(
    day?.news[0]?.numbers.map(({ main, others }) => [main.id, others.length]),
    [[1, 1]]
  );
});

test('only the first entries are shown', () => {
  const days = groupByDay([row(3, 'a', 18), row(2, 'b', 17), row(1, 'c', 17)], options);

  assert.deepEqual(shape(firstNews(days, 2)), [[['a', [3]]], [['b', [2]]]]);
  assert.deepEqual(shape(firstNews(days, 1)), [[['a', [3]]]]);
});
