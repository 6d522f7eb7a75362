/** A number of a series may be out several times, by language and by group: one row for all of them. */
export interface Release {
  id: number;
  /** Null: a one-shot. */
  number: string | null;
  volume: number | null;
  language: string;
  group: { slug: string } | null;
}

/** What a reader would rather read; what comes first is wanted most. */
export interface Wishes {
  languages: readonly string[];
  groups?: readonly string[];
}

export interface ReleasedNumber<Row> {
  /** The same for the same number of a series, however many releases of it are known. */
  id: string;
  /** The release that the reader would choose. */
  main: Row;
  others: Row[];
}

/**
 * Joins the releases of each number, in the order in which the numbers come. Where numbers begin
 * anew in each volume they are told apart by it; every one-shot is a story of its own.
 */
export function joinReleases<Row extends Release>(
  rows: readonly Row[],
  wishes: Wishes,
  restartsPerVolume = false
): ReleasedNumber<Row>[] {
  const numbers = Map.groupBy(rows, (row) => {
    if (row.number === null) return `one-shot ${row.id}`;
    return restartsPerVolume ? `${row.volume ?? 0}:${row.number}` : row.number;
  });
  return [...numbers].map(([id, releases]) => {
    const [main, ...others] = releases.toSorted(
      (a, b) =>
        rank(wishes.languages, a.language) - rank(wishes.languages, b.language) ||
        rank(wishes.groups, a.group?.slug) - rank(wishes.groups, b.group?.slug)
    );
    return { id, main: main as Row, others };
  });
}

function rank(wanted: readonly string[] = [], value: string | undefined): number {
  const index = value === undefined ? -1 : wanted.indexOf(value);
  return index === -1 ? wanted.length : index;
}

/** The whole numbers that lie between two chapters; none where volumes begin anew. */
export function missingBetween(
  earlier: string | null,
  later: string | null
): { first: number; last: number } | null {
  if (earlier === null || later === null) return null;
  const first = Math.floor(Number(earlier)) + 1;
  const last = Math.ceil(Number(later)) - 1;
  return first <= last ? { first, last } : null;
}
