/** Which of several wishes about reading holds: the series', the device's, the account's, or the usual one. */
import type { ReadingDirection } from '$lib/api/types';
import type { Mode } from './keys';

export const fits = ['height', 'width', 'original'] as const;
export type Fit = (typeof fits)[number];

/** Smaller pictures: where the line is slow, always, or never. */
export const savers = ['auto', 'on', 'off'] as const;
export type Saver = (typeof savers)[number];

/** What was chosen on this device for all series; what is missing was never chosen. */
export interface Chosen {
  /** Empty: each series as it says itself. */
  direction?: Mode | '';
  fit?: Fit;
  isDouble?: boolean;
  saver?: Saver;
}

/** What was chosen for one series, on this device. */
export interface SeriesChosen {
  mode?: Mode;
  fit?: Fit;
  /** Pairs begin with the cover. */
  isShifted?: boolean;
}

export interface OfAccount {
  reading: { direction: '' | ReadingDirection; fit: '' | Fit; data_saver: boolean | null };
}

export function settled(chosen: Chosen, account: OfAccount | null): Required<Chosen> {
  return {
    direction: chosen.direction ?? account?.reading.direction ?? '',
    fit: chosen.fit ?? (account?.reading.fit || 'height'),
    isDouble: chosen.isDouble ?? true,
    saver: chosen.saver ?? saverOf(account?.reading.data_saver ?? null)
  };
}

export function saverOf(dataSaver: boolean | null): Saver {
  if (dataSaver === null) return 'auto';
  return dataSaver ? 'on' : 'off';
}

/** The wishes for all series as the account keeps them. */
export function readingOf(wishes: Required<Chosen>): OfAccount['reading'] {
  const { direction, fit, saver } = wishes;
  return { direction, fit, data_saver: saver === 'auto' ? null : saver === 'on' };
}
