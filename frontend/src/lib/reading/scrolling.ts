/** Scrolls on by a share of what is seen; false when the end was already in sight. */
export function scrollPane(pane: Element, direction: 'next' | 'previous', share: number): boolean {
  const rest =
    direction === 'next' ? pane.scrollHeight - pane.clientHeight - pane.scrollTop : pane.scrollTop;
  if (rest < 8) return false;
  const by = Math.min(rest, pane.clientHeight * share);
  const isStill = matchMedia('(prefers-reduced-motion: reduce)').matches;
  pane.scrollBy({
    top: direction === 'next' ? by : -by,
    behavior: isStill || share < 0.5 ? 'instant' : 'smooth'
  });
  return true;
}
