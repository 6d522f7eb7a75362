/** What changes between two chapters beside the number. */

interface Place {
  group?: { slug: string } | null;
}

/** Whether another group made it; where the answer does not say who did, nothing is known. */
export function isOtherGroup(one: Place, other: Place): boolean {
  if (one.group === undefined || other.group === undefined) return false;
  return one.group?.slug !== other.group?.slug;
}
