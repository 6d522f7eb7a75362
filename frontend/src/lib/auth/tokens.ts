/**
 * The access token: kept in memory only, renewed by the refresh cookie that scripts cannot see.
 * Starts with a login or, when this browser remembers one, with a refresh; ends with a 401 from it.
 */
import { currentLanguage } from '$lib/i18n/i18n.svelte';
import { readLocal, writeLocal } from '$lib/ui/storage';

const memberKey = 'mangakg.member';
const lockName = 'mangakg.refresh';
const earlySeconds = 30;

export interface TokenAnswer {
  access_token: string;
  expires_in: number;
}

let token: string | null = null;
let expiresAt = 0;
let refreshing: Promise<boolean> | null = null;
let lastTurn: Promise<unknown> = Promise.resolve();
let onEnded: () => void = () => undefined;

/** Only a hint that asking for a refresh is worth it; it proves nothing. */
export function remembersMember(): boolean {
  return readLocal(memberKey) !== null;
}

export function onSessionEnded(callback: () => void): void {
  onEnded = callback;
  // Another tab logged out: this one follows.
  window.addEventListener('storage', (event) => {
    if (event.key === memberKey && event.newValue === null) forgetToken();
  });
}

export function keepToken(answer: TokenAnswer): void {
  token = answer.access_token;
  expiresAt = Date.now() + answer.expires_in * 1000;
  writeLocal(memberKey, '1');
}

export function forgetToken(): void {
  token = null;
  expiresAt = 0;
  writeLocal(memberKey, null);
  onEnded();
}

/** The token as it is now, for a request that must leave before the tab is gone. */
export function tokenInHand(): string | null {
  return token;
}

/** A token good for at least half a minute, or null for a guest. */
export async function freshToken(): Promise<string | null> {
  if (token && Date.now() > expiresAt - earlySeconds * 1000) await refreshToken();
  return token;
}

/** Renews the token once, however many ask: in this tab by a shared promise, across tabs by turns. */
export function refreshToken(): Promise<boolean> {
  refreshing ??= inTurn(askForToken).finally(() => {
    refreshing = null;
  });
  return refreshing;
}

/**
 * Runs what uses up the refresh cookie, alone: a logout beside a refresh would be followed by a new
 * token. `work` must not renew the token, which waits for it.
 */
export async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  if ('locks' in navigator) return await navigator.locks.request(lockName, work);
  // Locks exist only in secure contexts; on plain http each tab takes turns by itself.
  const result = lastTurn.then(work);
  lastTurn = result.catch(() => undefined);
  return result;
}

async function askForToken(): Promise<boolean> {
  try {
    const response = await fetch('/api/auth/refresh', {
      method: 'POST',
      credentials: 'same-origin',
      // The new cookie is to arrive even when the page is left: the old one is good for a minute
      // more, and after that it would end the session as a thief's does.
      keepalive: true,
      headers: { 'Content-Type': 'application/json', 'Accept-Language': currentLanguage() },
      body: '{}'
    });
    if (response.ok) {
      keepToken((await response.json()) as TokenAnswer);
      return true;
    }
    const { status } = response;
    if (status >= 400 && status < 500 && status !== 429) forgetToken();
  } catch {
    // Offline, or an answer that broke off, is no logout: asked again, it is the same.
  }
  return false;
}

/** fetch with the reader's language and token; a 401 is tried once more with a renewed token. */
export async function authorizedFetch(request: Request): Promise<Response> {
  const spare = request.clone();
  const response = await fetch(withHeaders(request, await freshToken()));
  if (response.status !== 401 || !remembersMember()) return response;
  return (await refreshToken()) ? fetch(withHeaders(spare, token)) : response;
}

function withHeaders(request: Request, bearer: string | null): Request {
  request.headers.set('Accept-Language', currentLanguage());
  if (bearer) request.headers.set('Authorization', `Bearer ${bearer}`);
  return request;
}
