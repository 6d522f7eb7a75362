/** Finding a chapter in a list of thousands. */

interface Row {
  number: string | null;
  title: string;
  group: { slug: string } | null;
}

/** Those whose number begins with what was typed, the very number first, or whose name holds it. */
export function findChapters<One extends Row>(rows: readonly One[], typed: string): readonly One[] {
  const wanted = typed.trim().toLowerCase().replace(',', '.');
  if (!wanted) return rows;
  const exact = rows.filter((row) => row.number === wanted);
  const others = rows.filter(
    (row) =>
      row.number !== wanted &&
      (row.number?.startsWith(wanted) || row.title.toLowerCase().includes(wanted))
  );
  return [...exact, ...others];
}

export function hasSeveralGroups(rows: readonly Row[]): boolean {
  return rows.some((row) => row.group?.slug !== rows[0]?.group?.slug);
}
