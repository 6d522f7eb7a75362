/**
 * Looks for titles while somebody types: ours are there at once, those of sources as they come. The
 * server asks the sources; here it is only asked again what it knows by now, gently and not for long.
 */
import type { FoundTitle, FoundTitles } from '$lib/api/types';
import { getAddress } from '$lib/api/client';
import type { SourceError } from './words';
import { ApiError, isAborted } from '$lib/api/errors';

export const firstWaitMs = 500;
export const longestWaitMs = 1000;
export const patienceMs = 8000;

export interface Search {
  readonly rows: readonly FoundTitle[];
  /** Those that have not answered yet. */
  readonly pending: readonly string[];
  readonly errors: Readonly<Record<string, SourceError>>;
  /** Something is still to come, unasked. */
  readonly isLooking: boolean;
  /** Why there is nothing to show. */
  readonly problem: ApiError | null;
  retry: () => void;
}

/** How long to wait before asking again, or null where it was long enough. */
export function nextWait(pending: readonly string[], lastMs: number, spentMs: number) {
  if (pending.length === 0 || spentMs >= patienceMs) return null;
  return lastMs === 0 ? firstWaitMs : Math.min(longestWaitMs, Math.round(lastMs * 1.25));
}

/** One that is here already goes by its number, another by what it is at its source. */
export function keyOf({ title_id: id, source, source_id: sourceId }: FoundTitle): string {
  return id === null ? `${source}-${sourceId}` : `${id}`;
}

/** What is on the screen keeps its place, so that nothing moves under a finger; the new comes after. */
export function inPlace(before: readonly FoundTitle[], next: readonly FoundTitle[]): FoundTitle[] {
  const rest = new Map(next.map((one) => [keyOf(one), one]));
  const kept = before.flatMap((one) => {
    const key = keyOf(one);
    const now = rest.get(key);
    rest.delete(key);
    return now ? [now] : [];
  });
  return [...kept, ...rest.values()];
}

const nothing: FoundTitles = { results: [], pending: [], errors: {}, is_stale: false };

/** From within a component; an address of null asks for nothing. */
export function createSearch(address: () => string | null): Search {
  let found = $state.raw(nothing);
  let problem = $state.raw<ApiError | null>(null);
  let isLooking = $state(false);
  let tries = $state(0);

  $effect(() => {
    const asked = address();
    void tries;
    problem = null;
    isLooking = asked !== null;
    if (asked === null) {
      found = nothing;
      return;
    }
    const stop = new AbortController();
    void look(asked, stop.signal);
    return () => stop.abort();
  });

  // Where only the line is gone, it is looked for again when it is back.
  $effect(() => {
    if (!problem?.isOffline) return;
    const again = () => (tries += 1);
    window.addEventListener('online', again);
    return () => window.removeEventListener('online', again);
  });

  async function look(asked: string, signal: AbortSignal): Promise<void> {
    const started = Date.now();
    let wait: number | null = 0;
    let isFirst = true;
    try {
      while (wait !== null) {
        const answer = await getAddress<FoundTitles>(asked, signal);
        const results = isFirst ? answer.results : inPlace(found.results, answer.results);
        found = { ...answer, results };
        isFirst = false;
        wait = nextWait(found.pending, wait, Date.now() - started);
        if (wait !== null) await sleep(wait, signal);
      }
    } catch (caught) {
      if (isAborted(caught)) return;
      // What has come already stays; the sources that are missing can be asked for again.
      if (isFirst) {
        problem = ApiError.from(caught);
        found = nothing;
      }
    }
    isLooking = false;
  }

  return {
    get rows() {
      return found.results;
    },
    get pending() {
      return found.pending;
    },
    get errors() {
      return found.errors;
    },
    get isLooking() {
      return isLooking;
    },
    get problem() {
      return problem;
    },
    retry: () => (tries += 1)
  };
}

export function sleep(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new DOMException('', 'AbortError'));
    };
    const timer = setTimeout(() => {
      signal.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal.aborted) stop();
    else signal.addEventListener('abort', stop, { once: true });
  });
}
