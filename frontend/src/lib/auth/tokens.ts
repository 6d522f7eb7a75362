/**
 * The access token: kept in memory only, renewed by the refresh cookie that scripts cannot see.
 * Starts with a login or, when this browser remembers one, with a refresh; ends with a 401 from it.
 */
import { currentLanguage } from '$lib/i18n/i18n.svelte';
import { readLocal, writeLocal } from '$lib/ui/storage';

const memberKey = 'mangakg.member';
const lockName = 'mangakg.refresh';
const askedAtKey = 'mangakg.refreshing';
const answerMs = 3_000;
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
 * Runs what uses up the refresh cookie, alone: a logout beside a refresh would present the old one,
 * end nothing, and be followed by a new token. `work` must not renew the token, which waits for it.
 */
export async function inTurn<Result>(work: () => Promise<Result>): Promise<Result> {
  const turn = async (): Promise<Result> => {
    await answerToLeftPage();
    return work();
  };
  if ('locks' in navigator) return await navigator.locks.request(lockName, turn);
  // Locks exist only in secure contexts; on plain http each tab takes turns by itself.
  const result = lastTurn.then(turn);
  lastTurn = result.catch(() => undefined);
  return result;
}

/**
 * A page that was left while it asked gave its turn away, and its answer is still to come: the
 * cookie of before it is used up, and presented again would end the session as a thief's would.
 */
async function answerToLeftPage(): Promise<void> {
  const waited = Date.now() - Number(readLocal(askedAtKey));
  if (waited < 0 || waited >= answerMs) return;
  await new Promise((resolve) => setTimeout(resolve, answerMs - waited));
}

async function askForToken(): Promise<boolean> {
  writeLocal(askedAtKey, String(Date.now()));
  try {
    const response = await fetch('/api/auth/refresh', {
      method: 'POST',
      credentials: 'same-origin',
      // The old cookie is used up by asking: the new one is to arrive even when the page is left.
      keepalive: true,
      headers: { 'Content-Type': 'application/json', 'Accept-Language': currentLanguage() },
      body: '{}'
    });
    writeLocal(askedAtKey, null);
    if (response.ok) {
      keepToken((await response.json()) as TokenAnswer);
      return true;
    }
    const { status } = response;
    if (status >= 400 && status < 500 && status !== 429) forgetToken();
  } catch {
    // Offline, or an answer that broke off, is no logout. Where none came, one may be on its way.
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
