/**
 * The access token: kept in memory only, renewed by the refresh cookie that scripts cannot see.
 * Starts with a login or, when this browser remembers one, with a refresh; ends when the API says so.
 */
import { readLocal, writeLocal } from '$lib/ui/storage';
import { ApiError } from './errors';
import { answerTo, takeFirstAnswer } from './request';

const memberKey = 'mangakg.member';
const lockName = 'mangakg.refresh';
const earlySeconds = 30;
/** How long a tab waits for another one's turn; one that hangs must not hold up all others. */
const turnMs = 15_000;

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

/** Leaves the token of somebody whom this tab no longer stands for; the browser's cookie holds. */
export function dropToken(): void {
  token = null;
  expiresAt = 0;
}

export function forgetToken(): void {
  dropToken();
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
  // Locks exist only in secure contexts; on plain http each tab takes turns by itself.
  if ('locks' in navigator) return inTurnOfTabs(work);
  const result = lastTurn.then(work);
  lastTurn = result.catch(() => undefined);
  return result;
}

async function inTurnOfTabs<Result>(work: () => Promise<Result>): Promise<Result> {
  const waiting = new AbortController();
  const timer = setTimeout(() => waiting.abort(), turnMs);
  let isOurTurn = false;
  try {
    return await navigator.locks.request(lockName, { signal: waiting.signal }, () => {
      isOurTurn = true;
      clearTimeout(timer);
      return work();
    });
  } catch (problem) {
    // The other tab is frozen with the lock in its hand. Taking it away is what is left: the server
    // takes an old cookie for a minute more.
    if (isOurTurn || !waiting.signal.aborted) throw problem;
    return await navigator.locks.request(lockName, { steal: true }, work);
  } finally {
    clearTimeout(timer);
  }
}

async function askForToken(): Promise<boolean> {
  try {
    const response = await answerTo(
      new Request('/api/auth/refresh', {
        method: 'POST',
        // The new cookie is to arrive even when the page is left: the old one is good for a minute
        // more, and after that it would end the session as a thief's does.
        keepalive: true,
        headers: { 'Content-Type': 'application/json' },
        body: '{}'
      })
    );
    if (!response.ok) throw await ApiError.fromResponse(response);
    keepToken((await response.json()) as TokenAnswer);
    return true;
  } catch (problem) {
    // Offline, a proxy's own error, or an answer that broke off is no logout: asked again, it is
    // the same.
    if (ApiError.from(problem).kind === 'ended') forgetToken();
    return false;
  }
}

/** The answer to a request in the reader's name; a 401 is tried once more with a renewed token. */
export async function authorizedFetch(request: Request): Promise<Response> {
  const first = takeFirstAnswer(request);
  if (first) return first;
  const spare = request.clone();
  const response = await answerTo(withToken(request, await freshToken()));
  if (response.status !== 401 || !remembersMember()) return response;
  return (await refreshToken()) ? answerTo(withToken(spare, token)) : response;
}

/** The same with the token as it is: for what takes its turn, or leaves with the tab. */
export function fetchWithTokenInHand(request: Request): Promise<Response> {
  return answerTo(withToken(request, token));
}

function withToken(request: Request, bearer: string | null): Request {
  if (bearer) request.headers.set('Authorization', `Bearer ${bearer}`);
  return request;
}
