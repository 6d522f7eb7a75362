/** New chapters as Home shows them: by day, and inside a day one entry per series. */
import { joinReleases, type Release, type ReleasedNumber, type Wishes } from './releases';

interface Latest extends Release {
  published_at: string | null;
  series: { slug: string };
}

export interface SeriesNews<Row> {
  slug: string;
  /** Newest first; never empty. */
  numbers: ReleasedNumber<Row>[];
}

/** Days that stand under one heading: several where little came out. */
export interface Days<Row> {
  /** Moments of its newest and of its oldest day. */
  last: string;
  first: string;
  news: SeriesNews<Row>[];
}

interface Options {
  /** So many series at least stand under one heading. */
  atLeast: number;
  wishes: Wishes;
  /** The same for all moments of a day. */
  dayOf: (iso: string) => string;
}

export function groupByDay<Row extends Latest>(
  rows: readonly Row[],
  { atLeast, wishes, dayOf }: Options
): Days<Row>[] {
  const spans: { last: string; first: string; rows: Row[] }[] = [];
  const countSeries = (some: readonly Row[]) => new Set(some.map((row) => row.series.slug)).size;
  for (const row of rows) {
    const span = spans.at(-1);
    // The list is in order of time, so a row without one belongs where it stands.
    const iso = row.published_at ?? span?.first ?? new Date().toISOString();
    const isFull = !span || (dayOf(span.first) !== dayOf(iso) && countSeries(span.rows) >= atLeast);
    if (isFull) spans.push({ last: iso, first: iso, rows: [row] });
    else {
      span.first = iso;
      span.rows.push(row);
    }
  }
  // Days at the end that are too few for a heading go under the one before.
  const [end, before] = [spans.at(-1), spans.at(-2)];
  if (end && before && countSeries(end.rows) < atLeast) {
    before.first = end.first;
    before.rows.push(...end.rows);
    spans.pop();
  }
  return spans.map(({ last, first, rows: some }) => ({
    last,
    first,
    news: [...Map.groupBy(some, (row) => row.series.slug)].map(([slug, chapters]) => ({
      slug,
      // Whether numbers begin anew in each volume is not known here: then a volume tells them apart.
      numbers: joinReleases(chapters, wishes, true)
    }))
  }));
}

/** The first of them, as many entries in all. */
export function firstNews<Row>(days: readonly Days<Row>[], count: number): Days<Row>[] {
  let left = count;
  return days
    .map((some) => {
      const news = some.news.slice(0, left);
      left -= news.length;
      return { ...some, news };
    })
    .filter(({ news }) => news.length > 0);
}
