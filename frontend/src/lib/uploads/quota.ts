/** How many chapters may still be sent now: the tightest of the limits, null where there is none. */
export interface Left {
  uploads_left: number | null;
  bytes_left: number | null;
  waiting_left: number | null;
  decoding_seconds_left: number | null;
}

export function chaptersLeft(left: Left): number | null {
  // Without bytes, or time to check one, none is taken.
  if (left.bytes_left === 0 || left.decoding_seconds_left === 0) return 0;
  const limits = [left.uploads_left, left.waiting_left].filter((limit) => limit !== null);
  return limits.length ? Math.max(0, Math.min(...limits)) : null;
}
