/** Languages of chapters, as somebody sees them who reads some of them. */

/** Those that the reader reads first, in their order; then the others in theirs. */
export function readersFirst(all: readonly string[], read: readonly string[]): string[] {
  return [...read.filter((one) => all.includes(one)), ...all.filter((one) => !read.includes(one))];
}

/** The reader's languages to list chapters in; none, which means all, where they can read nothing. */
export function readable(offered: readonly string[], read: readonly string[]): readonly string[] {
  return offered.some((one) => read.includes(one)) ? read : [];
}

/** What there is in the first of the reader's languages, else in the one with most of it. */
export function firstReadable<Row extends { language: string }>(
  rows: readonly Row[],
  read: readonly string[]
): Row | undefined {
  for (const language of read) {
    const row = rows.find((one) => one.language === language);
    if (row) return row;
  }
  return rows[0];
}
