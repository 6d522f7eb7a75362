/**
 * The one way out to the server: every request has a time limit and says the reader's language, and
 * an answer counts only when all of it has come. Who is asking is added by `tokens.ts`.
 */
import { currentLanguage } from '$lib/i18n/i18n.svelte';
import { ApiError } from './errors';

export const limitMs = 10_000;

/** Statuses whose answers may have no body, not even an empty one. */
const bodiless = new Set([204, 205, 304]);

/** The answer, whatever its status; throws an ApiError where none came in time. */
export async function answerTo(request: Request): Promise<Response> {
  request.headers.set('Accept-Language', currentLanguage());
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs);
  const stop = () => limit.abort();
  request.signal.addEventListener('abort', stop);
  let status = 0;
  try {
    request.signal.throwIfAborted();
    const response = await fetch(request, { signal: limit.signal });
    status = response.status;
    const body = bodiless.has(status) ? null : await response.arrayBuffer();
    return new Response(body, { status, headers: response.headers });
  } catch {
    request.signal.throwIfAborted();
    throw ApiError.offline(status);
  } finally {
    clearTimeout(timer);
    request.signal.removeEventListener('abort', stop);
  }
}

let firstData: Map<string, unknown> | undefined;

/**
 * The answer that came with the page itself (`#first-data`), so that the first screen waits for no
 * second round trip. Each is used once: whoever asks again wants to know what is new.
 */
export function takeFirstAnswer(request: Request): Response | null {
  if (request.method !== 'GET') return null;
  firstData ??= readFirstData();
  if (firstData.size === 0) return null;
  const { pathname, search } = new URL(request.url);
  const address = pathname + search;
  const body = firstData.get(address);
  if (!firstData.delete(address)) return null;
  return Response.json(body);
}

function readFirstData(): Map<string, unknown> {
  try {
    const text = document.getElementById('first-data')?.textContent;
    return new Map(Object.entries(JSON.parse(text || '{}') as Record<string, unknown>));
  } catch {
    // Then all is asked for, as on any later screen.
    return new Map();
  }
}
