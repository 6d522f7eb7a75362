/** Which pictures may be loaded: those on the screen first and alone, then the near ones in turn. */

/**
 * `groups` are page indexes by how soon they are needed, those on the screen first. `atOnce` is how
 * many of the further groups load beside one another.
 */
export function allowedToLoad(
  groups: readonly (readonly number[])[],
  isSettled: (page: number) => boolean,
  atOnce: number
): Set<number> {
  const [current = [], ...others] = groups;
  const allowed = new Set(current);
  let free = current.every(isSettled) ? atOnce : 0;
  for (const group of others) {
    const isDone = group.every(isSettled);
    for (const page of group) if (free > 0 || isSettled(page)) allowed.add(page);
    if (!isDone) free -= 1;
  }
  return allowed;
}

/** Pages of a strip by how soon they are needed: the one being read, what follows, what was. */
export function stripGroups(at: number, range: { first: number; last: number }): number[][] {
  const ahead = Array.from({ length: range.last - at }, (_, index) => at + 1 + index);
  const behind = Array.from({ length: at - range.first }, (_, index) => at - 1 - index);
  // The page before reaches into the screen more often than not.
  const order = [at, ...ahead.slice(0, 1), ...behind.slice(0, 1)];
  return [...order, ...ahead.slice(1), ...behind.slice(1)].map((page) => [page]);
}
