/** The sizes that rows of a list had, so that it comes back as high as it was left. */
import type { WindowVirtualizerHandle } from 'virtua/svelte';

type CacheSnapshot = ReturnType<WindowVirtualizerHandle['getCache']>;

const maxKept = 20;
const kept = new Map<string, { sizes: CacheSnapshot; count: number }>();

export interface KeptSizes {
  of: (count: number) => CacheSnapshot | undefined;
  keep: (sizes: CacheSnapshot, count: number) => void;
}

/** Remembers by a name, which may be none yet; the sizes fit only as many rows as there were. */
export function keptSizes(name: () => string | undefined): KeptSizes {
  return {
    of(count) {
      const found = kept.get(name() ?? '');
      return found?.count === count ? found.sizes : undefined;
    },
    keep(sizes, count) {
      const key = name();
      if (!key) return;
      kept.delete(key);
      kept.set(key, { sizes, count });
      const [oldest] = kept.keys();
      if (kept.size > maxKept && oldest !== undefined) kept.delete(oldest);
    }
  };
}
