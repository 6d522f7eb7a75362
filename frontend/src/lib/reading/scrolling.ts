type Direction = 'next' | 'previous';

function restOf(pane: Element, direction: Direction): number {
  return direction === 'next'
    ? pane.scrollHeight - pane.clientHeight - pane.scrollTop
    : pane.scrollTop;
}

/** Whether there is more than a rounding to scroll to. */
export function canScroll(pane: Element, direction: Direction): boolean {
  return restOf(pane, direction) >= 8;
}

/** Scrolls on by a share of what is seen; false when the end was already in sight. */
export function scrollPane(pane: Element, direction: Direction, share: number): boolean {
  if (!canScroll(pane, direction)) return false;
  const by = Math.min(restOf(pane, direction), pane.clientHeight * share);
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
  pane.scrollBy({
    top: direction === 'next' ? by : -by,
    behavior: isStill || share < 0.5 ? 'instant' : 'smooth'
  });
  return true;
}
