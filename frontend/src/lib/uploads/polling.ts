/** How long to wait before asking again: quick while things change, slower while they do not. */
export const firstWaitMs = 1500;
export const longestWaitMs = 15_000;

const moving = new Set(['received', 'extracting', 'publishing']);
const waiting = new Set(['awaiting_review']);

export function isMoving(state: string): boolean {
  return moving.has(state);
}

/** A decision by a moderator may come at any time, but seldom within a second. */
export function nextWait(
  states: readonly string[],
  lastWaitMs: number,
  hasChanged: boolean
): number | null {
  if (!states.some((state) => moving.has(state) || waiting.has(state))) return null;
  return hasChanged ? firstWaitMs : waitAfter(lastWaitMs);
}

export function waitAfter(lastWaitMs: number): number {
  return Math.min(longestWaitMs, Math.round(lastWaitMs * 1.5));
}

export const withdrawable = new Set(['received', 'extracting', 'awaiting_review']);
