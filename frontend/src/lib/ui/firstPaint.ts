/**
 * The plain first screen that the server wrote (`#first-paint`) lies over the app until that has
 * drawn its own: until nothing in the app is loading any more.
 */
const patienceMs = 3_000;

export function replaceFirstPaint(): void {
  const plain = document.getElementById('first-paint');
  const until = performance.now() + patienceMs;
  const look = () => {
    const isLoading = document.querySelector('.app [aria-busy="true"]') !== null;
    if (isLoading && performance.now() < until) requestAnimationFrame(look);
    else plain?.remove();
  };
  requestAnimationFrame(look);
}
