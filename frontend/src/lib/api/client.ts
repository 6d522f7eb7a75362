/** The typed client of our own API. Every call goes through `authorizedFetch` and `unwrap`. */
import createClient from 'openapi-fetch';
import { authorizedFetch } from '$lib/auth/tokens';
import { ApiError } from './errors';
import type { paths } from './schema';

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
    if (problem instanceof DOMException && problem.name === 'AbortError') throw problem;
    throw ApiError.network();
  }
  const { response } = answer;
  if (!response.ok) {
    throw ApiError.fromBody(answer.error, response.status, response.headers.get('Retry-After'));
  }
  return answer.data as Data;
}

/** Follows a `next` address of a list as the server wrote it. */
export async function follow<Data>(address: string, signal?: AbortSignal): Promise<Data> {
  let response: Response;
  try {
    response = await authorizedFetch(new Request(address, { signal: signal ?? null }));
  } catch (problem) {
    if (signal?.aborted) throw problem;
    throw ApiError.network();
  }
  if (!response.ok) throw await ApiError.fromResponse(response);
  return (await response.json()) as Data;
}
