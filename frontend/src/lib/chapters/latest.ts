/** New chapters as Home shows them: by day, and inside a day one entry per series. */
interface Latest {
  id: number;
  published_at: string | null;
  series: { slug: string };
}

export interface SeriesNews<Row> {
  slug: string;
  /** Newest first; never empty. */
  chapters: Row[];
}

export interface Day<Row> {
  /** The moment of its newest chapter, to name the day by. */
  iso: string;
  news: SeriesNews<Row>[];
}

function localDay(iso: string): string {
  return new Date(iso).toDateString();
}

/** `dayOf` tells the day of a moment where it is not the device's own. */
export function groupByDay<Row extends Latest>(
  rows: readonly Row[],
  dayOf: (iso: string) => string = localDay
): Day<Row>[] {
  const days: Day<Row>[] = [];
  for (const row of rows) {
    let day = days.at(-1);
    // The list is in order of time, so a row without one belongs where it stands.
    const iso = row.published_at ?? day?.iso ?? new Date().toISOString();
    if (!day || dayOf(day.iso) !== dayOf(iso)) {
      day = { iso, news: [] };
      days.push(day);
    }
    const known = day.news.find((news) => news.slug === row.series.slug);
    if (known) known.chapters.push(row);
    else day.news.push({ slug: row.series.slug, chapters: [row] });
  }
  return days;
}
