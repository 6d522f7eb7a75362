/** What stands between two chapters: numbers that are missing, and a change of the group. */

interface Place {
  number: string | null;
  group?: { slug: string } | null;
}

/** The whole numbers that lie between two chapters; none where volumes begin anew. */
export function missingBetween(
  earlier: Place,
  later: Place
): { first: number; last: number } | null {
  if (earlier.number === null || later.number === null) return null;
  const first = Math.floor(Number(earlier.number)) + 1;
  const last = Math.ceil(Number(later.number)) - 1;
  return first <= last ? { first, last } : null;
}

/** Whether another group made it; where the answer does not say who did, nothing is known. */
export function isOtherGroup(one: Place, other: Place): boolean {
  if (one.group === undefined || other.group === undefined) return false;
  return one.group?.slug !== other.group?.slug;
}
