import { loadLanguage, preferredLanguage } from '$lib/i18n/i18n.svelte';

// A static app: one shell for every address, filled in the browser.
export const ssr = false;
export const prerender = false;
export const trailingSlash = 'ignore';

export async function load(): Promise<void> {
  // Without words the layout says so, and asks again; here nothing could be shown of it.
  await loadLanguage(preferredLanguage()).catch(() => undefined);
}
