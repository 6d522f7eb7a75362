/** The secret of a letter's link. It stands behind the #, and leaves the address at once. */
import { goto } from '$app/navigation';
import { page } from '$app/state';
import { tick } from 'svelte';

/** Calls `take` with each key that the address brings: on opening, and when another is pasted. */
export function whenKeyComes(take: (key: string) => void): void {
  $effect(() => {
    const key = page.url.hash.slice(1);
    if (!key) return;
    // The router has started only after the first page is drawn.
    void tick().then(() => goto(page.url.pathname, { replaceState: true, keepFocus: true }));
    take(key);
  });
}
