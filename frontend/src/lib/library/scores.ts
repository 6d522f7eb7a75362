/** Scores: 0 to 100 inside, shown and entered in the way that their owner prefers. */
import type { ScoreFormat } from '$lib/api/types';

export const formats = ['stars5', 'points10', 'decimal10', 'points100'] as const;
/** How much one step of each is worth inside. */
const steps: Record<ScoreFormat, number> = {
  stars5: 20,
  points10: 10,
  decimal10: 1,
  points100: 1
};
const longestList = 10;

/** The score as its field holds it: 70 is 4 stars (3.5, rounded up), 7, 7 or 70. */
export function toField(score: number, format: ScoreFormat): number {
  if (format === 'decimal10') return score / 10;
  // No score is so low that it shows as none.
  return Math.max(1, Math.round(score / steps[format]));
}

/** What was entered as a score, or undefined where it is none in this format. */
export function fromField(entered: number, format: ScoreFormat): number | undefined {
  const score = Math.round(format === 'decimal10' ? entered * 10 : entered * steps[format]);
  return score >= 1 && score <= 100 ? score : undefined;
}

/** The values of a short list, the best first; none where a number is typed. */
export function choicesOf(format: ScoreFormat): number[] {
  const count = 100 / steps[format];
  return count > longestList ? [] : Array.from({ length: count }, (_, index) => count - index);
}

/** As it stands on the screen. `write` is the reader's way to write a number. */
export function showScore(
  score: number,
  format: ScoreFormat,
  write: (value: number, decimals: number) => string
): string {
  const value = toField(score, format);
  if (format === 'stars5') return '★'.repeat(value) + '☆'.repeat(5 - value);
  return write(value, format === 'decimal10' ? 1 : 0);
}
