/** How many chapters may still be sent now: the tightest of the limits, null where there is none. */
export interface Left {
  uploads_left: number | null;
  waiting_left: number | null;
}

export function chaptersLeft(left: Left): number | null {
  const limits = [left.uploads_left, left.waiting_left].filter((limit) => limit !== null);
  return limits.length ? Math.max(0, Math.min(...limits)) : null;
}
