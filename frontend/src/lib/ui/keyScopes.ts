/**
 * Whose keys are heard: an open dialog's or menu's own, and nothing of what is behind it. The screen
 * and the whole app ask here before they act by a key.
 */
let openCount = 0;

/** For as long as something stands above the screen; returns how to end it. */
export function takeKeys(): () => void {
  openCount += 1;
  let isOver = false;
  return () => {
    if (isOver) return;
    isOver = true;
    openCount -= 1;
  };
}

export function isBehindDialog(): boolean {
  return openCount > 0;
}
