import assert from 'node:assert/strict';
import { test } from 'vitest';
import { groupByDay } from '../src/lib/chapters/latest.ts';

const row = (id: number, slug: string, day: number, hour: number) => ({
  id,
  published_at: new Date(2026, 10, day, hour).toISOString(),
  series: { slug }
});

test('chapters of a day stand together, and inside it those of a series', () => {
  const days = groupByDay([
    row(5, 'manas', 18, 20),
    row(4, 'wolf', 18, 12),
    row(3, 'manas', 18, 8),
    row(2, 'manas', 17, 23)
  ]);

  assert.deepEqual(
    days.map((day) => day.news.map((news) => [news.slug, news.chapters.map((one) => one.id)])),
    [
      [
        ['manas', [5, 3]],
        ['wolf', [4]]
      ],
      [['manas', [2]]]
    ]
  );
});

test('days can be those of another place than the device', () => {
  const rows = [row(2, 'manas', 18, 1), row(1, 'manas', 17, 23)];

  assert.equal(groupByDay(rows).length, 2);
  assert.equal(groupByDay(rows, () => 'one long day').length, 1);
});
