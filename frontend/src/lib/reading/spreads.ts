/** Which pages stand side by side, and which of them are kept in memory. */
export interface PageShape {
  width: number;
  height: number;
  wide: boolean;
}

/** Indexes of pages that are seen together, in reading order. */
export type Spread = readonly number[];

export const maxLive = 15;

function isWide(page: PageShape): boolean {
  return page.wide || page.width > page.height;
}

export type Layout = 'single' | 'double' | 'double-shifted';

/**
 * One by one; or in pairs, with the cover alone and wide pages alone, as a bound book shows them.
 * Shifted, the cover has the second page beside it: some chapters begin in the middle of a book.
 */
export function pairPages(pages: readonly PageShape[], layout: Layout): Spread[] {
  const spreads: Spread[] = [];
  let waiting: number | null = null;
  pages.forEach((page, index) => {
    const isCover = index === 0 && layout === 'double';
    const isAlone = layout === 'single' || isCover || isWide(page);
    if (isAlone) {
      if (waiting !== null) spreads.push([waiting]);
      waiting = null;
      spreads.push([index]);
    } else if (waiting === null) {
      waiting = index;
    } else {
      spreads.push([waiting, index]);
      waiting = null;
    }
  });
  if (waiting !== null) spreads.push([waiting]);
  return spreads;
}

export function spreadOf(spreads: readonly Spread[], page: number): number {
  const found = spreads.findIndex((spread) => spread.includes(page));
  return Math.max(0, found);
}

/** The steps that stand beside the one that is shown, by how soon they are needed. */
export function stepsAround(step: number): number[] {
  return [step, step + 1, step + 2, step + 3, step - 1];
}

/** The pages that may hold an image: around the current one, more of them ahead, never over 15. */
export function liveRange(
  current: number,
  count: number,
  reach: { behind: number; ahead: number }
): { first: number; last: number } {
  const first = Math.max(0, current - reach.behind);
  const last = Math.min(count - 1, current + reach.ahead, first + maxLive - 1);
  return { first, last };
}

/** Tops of pages laid under one another at one width, and the height of all as the last entry. */
export function stripTops(
  pages: readonly PageShape[],
  widthOf: (page: PageShape) => number
): number[] {
  const tops = [0];
  for (const page of pages) {
    tops.push((tops.at(-1) ?? 0) + (widthOf(page) * page.height) / Math.max(1, page.width));
  }
  return tops;
}

/** The page under a line, by halving: strips can have a thousand pages. */
export function pageAtLine(tops: readonly number[], line: number): number {
  let low = 0;
  let high = Math.max(0, tops.length - 2);
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if ((tops[middle] ?? 0) <= line) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** How far down its page a line is, from 0 to 1. */
export function offsetAtLine(tops: readonly number[], page: number, line: number): number {
  const top = tops[page] ?? 0;
  const height = Math.max(1, (tops[page + 1] ?? top) - top);
  const offset = (line - top) / height;
  return Math.round(Math.min(1, Math.max(0, offset)) * 10_000) / 10_000;
}

/** Where a line is that stands so far down a page: the way back of `offsetAtLine`. */
export function lineAtOffset(tops: readonly number[], page: number, offset: number): number {
  const top = tops[page] ?? 0;
  return top + ((tops[page + 1] ?? top) - top) * offset;
}
