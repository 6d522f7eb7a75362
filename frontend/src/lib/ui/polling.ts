/** Asks again and again while the tab is in sight; returns how to end it. */
export function poll(ask: () => void, everyMs: number): () => void {
  const askInSight = () => {
    if (document.visibilityState === 'visible') ask();
  };
  const timer = setInterval(askInSight, everyMs);
  // Who comes back sees at once what has become of it.
  document.addEventListener('visibilitychange', askInSight);
  return () => {
    clearInterval(timer);
    document.removeEventListener('visibilitychange', askInSight);
  };
}
