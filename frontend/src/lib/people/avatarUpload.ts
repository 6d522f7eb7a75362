/** What becomes of a picture that was sent: asked for while somebody looks on. */
import { api, unwrap } from '$lib/api/client';
import type { Me } from '$lib/api/types';
import { firstWaitMs, waitAfter } from '$lib/uploads/polling';

/** Asks soon, then ever more seldom, and not while the tab is out of sight; returns how to stop. */
export function followAvatar(tell: (me: Me) => void): () => void {
  const stopping = new AbortController();
  const { signal } = stopping;
  let waitMs = firstWaitMs;
  let timer: ReturnType<typeof setTimeout> | undefined;

  function plan(): void {
    clearTimeout(timer);
    if (signal.aborted || document.visibilityState === 'hidden') return;
    timer = setTimeout(() => void ask(), waitMs);
    waitMs = waitAfter(waitMs);
  }

  async function ask(): Promise<void> {
    try {
      const me = await unwrap(api.GET('/api/auth/me', { signal }));
      // What was true before another picture was sent is not told after it.
      if (!signal.aborted) tell(me);
    } catch {
      // Asked again: the picture is prepared whether or not anybody hears of it.
    }
    plan();
  }

  document.addEventListener(
    'visibilitychange',
    () => {
      waitMs = firstWaitMs;
      plan();
    },
    { signal }
  );
  plan();
  return () => {
    stopping.abort();
    clearTimeout(timer);
  };
}
