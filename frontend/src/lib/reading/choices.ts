/** Which of several wishes about reading holds: the device's, the account's, or the usual one. */
import type { ReadingDirection } from '$lib/api/types';

export const fits = ['height', 'width', 'original'] as const;
export type Fit = (typeof fits)[number];

/** What was chosen on this device; what is missing was never chosen. */
export interface Chosen {
  fit?: Fit;
  isDouble?: boolean;
  isSaver?: boolean;
}

export interface OfAccount {
  reading: { direction: '' | ReadingDirection; fit: '' | Fit; data_saver: boolean | null };
  hidden_ratings: readonly string[];
}

export function settled(
  chosen: Chosen,
  account: OfAccount | null,
  wantsLessData: boolean
): Required<Chosen> {
  return {
    fit: chosen.fit ?? (account?.reading.fit || 'height'),
    isDouble: chosen.isDouble ?? true,
    isSaver: chosen.isSaver ?? account?.reading.data_saver ?? wantsLessData
  };
}

export function directionOf(account: OfAccount | null, usual: ReadingDirection): ReadingDirection {
  return account?.reading.direction || usual;
}

/** The ratings to ask lists for; none where nothing is hidden, since that means all. */
export function shownRatings(all: readonly string[], hidden: readonly string[]): string[] {
  return hidden.length ? all.filter((rating) => !hidden.includes(rating)) : [];
}
