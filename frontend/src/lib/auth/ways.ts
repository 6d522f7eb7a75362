/** Where a visitor goes after logging in: only paths of our own, since anybody can write `next`. */
export function localPath(next: string | null): string {
  if (!next?.startsWith('/')) return '/';
  // Resolved as the browser would: what leaves our host then says so.
  const ours = 'https://here.invalid';
  let target: URL;
  try {
    target = new URL(next, ours);
  } catch {
    return '/';
  }
  // Dots are gone by now: "/.//elsewhere.test" has become a path that names another host.
  const path = target.pathname + target.search + target.hash;
  return target.origin === ours && !path.startsWith('//') ? path : '/';
}

/** The way to log in and back to where one is. */
export function loginPath(here: { pathname: string; search: string }): string {
  return `/login?next=${encodeURIComponent(here.pathname + here.search)}`;
}
