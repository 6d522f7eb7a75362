/** The typed client of our own API. Every call goes through `authorizedFetch` and `unwrap`. */
import createClient from 'openapi-fetch';
import { ApiError, isAborted } from './errors';
import type { paths } from './schema';
import { authorizedFetch, fetchWithTokenInHand } from './tokens';

export const api = createClient<paths>({ fetch: authorizedFetch });

/** What a DELETE is to know, such as the password: our API reads it, OpenAPI has no word for it. */
export function withDeletion(body: Record<string, string>): undefined {
  return body as unknown as undefined;
}

interface Answer<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** The body of a good answer; throws an ApiError for every other. */
export async function unwrap<Data>(call: Promise<Answer<Data>>): Promise<Data> {
  let answer: Answer<Data>;
  try {
    answer = await call;
  } catch (problem) {
    throw isAborted(problem) ? problem : ApiError.from(problem);
  }
  const { response } = answer;
  if (!response.ok) {
    throw ApiError.fromBody(answer.error, response.status, response.headers.get('Retry-After'));
  }
  return answer.data as Data;
}

/** The body at an address that is known as text: a query's own, or a list's `next`. */
export async function getAddress<Data>(address: string, signal?: AbortSignal): Promise<Data> {
  const request = new Request(address, { signal: signal ?? null });
  return (await bodyOf(await authorizedFetch(request))) as Data;
}

/**
 * Posts with the token in hand and never renews it: for what takes its turn with the refresh cookie,
 * and, kept alive, for what leaves with the tab.
 */
export async function postAsIs<Data>(
  address: string,
  body: URLSearchParams | object,
  options: { keepalive?: boolean } = {}
): Promise<Data | null> {
  const isForm = body instanceof URLSearchParams;
  const request = new Request(address, {
    method: 'POST',
    ...options,
    ...(isForm
      ? { body }
      : { body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } })
  });
  return (await bodyOf(await fetchWithTokenInHand(request))) as Data | null;
}

async function bodyOf(response: Response): Promise<unknown> {
  if (!response.ok) throw await ApiError.fromResponse(response);
  if (response.status === 204) return null;
  return response.json().catch(() => {
    throw ApiError.fromBody(null, response.status);
  });
}
