/** A run of chapters, chosen by its two ends in whichever order they were pressed. */
export interface Range {
  /** Where it was begun, and where it ends: the same one as long as only one was pressed. */
  first: string;
  last: string;
}

/** A second press ends the run; a third begins another. */
export function pressed(range: Range | null, id: string): Range | null {
  if (!range || range.first !== range.last) return { first: id, last: id };
  return range.first === id ? null : { ...range, last: id };
}

/** The rows from one end to the other, as they stand in the list. */
export function rowsOf<Row extends { id: string }>(
  rows: readonly Row[],
  range: Range | null
): readonly Row[] {
  if (!range) return [];
  const ends = [range.first, range.last].map((id) => rows.findIndex((row) => row.id === id));
  // An end that is not in the list any more, since its filters changed.
  if (ends.includes(-1)) return [];
  return rows.slice(Math.min(...ends), Math.max(...ends) + 1);
}
