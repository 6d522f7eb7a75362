/** The secret of a link in an email. It stands behind the #, and leaves the address at once. */
import { goto } from '$app/navigation';
import { page } from '$app/state';
import { tick } from 'svelte';

/** Calls `take` with each secret that the address brings: on opening, and when another is pasted. */
export function whenSecretComes(take: (secret: string) => void): void {
  $effect(() => {
    const secret = page.url.hash.slice(1);
    if (!secret) return;
    // The router has started only after the first page is drawn.
    void tick().then(() => goto(page.url.pathname, { replaceState: true, keepFocus: true }));
    take(secret);
  });
}
