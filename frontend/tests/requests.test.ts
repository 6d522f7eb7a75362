import assert from 'node:assert/strict';
import { beforeEach, test, vi } from 'vitest';
import { answer, forgetBrowser, server } from './fakeBrowser.ts';
import { getAddress, postAsIs } from '../src/lib/api/client.ts';
import { ApiError } from '../src/lib/api/errors.ts';
import { withoutRepeats } from '../src/lib/api/queries.svelte.ts';
import { limitMs } from '../src/lib/api/request.ts';
import { forgetToken, keepToken } from '../src/lib/api/tokens.ts';

beforeEach(() => {
  forgetToken();
  forgetBrowser();
});

async function failureOf(call: Promise<unknown>): Promise<ApiError> {
  try {
    await call;
  } catch (problem) {
    if (problem instanceof ApiError) return problem;
  }
  throw new Error('It did not fail.');
}

test('a request without an answer in ten seconds has failed for want of a line', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  server.answers('/api/series', () => new Promise(() => undefined));

  const failure = failureOf(getAddress('/api/series'));
  await vi.advanceTimersByTimeAsync(limitMs);

  assert.equal((await failure).kind, 'offline');
  vi.useRealTimers();
});

test('failures have a kind', async () => {
  const cases = [
    ['ended', () => answer({ code: 'invalid_token' }, 401)],
    ['refused', () => answer({ code: 'quota' }, 429)],
    ['broken', () => new Response('<html>', { status: 403 })],
    ['broken', () => new Response('<html>')],
    ['offline', () => Promise.reject(new TypeError('no answer'))]
  ] as const;
  for (const [kind, give] of cases) {
    server.answers('/api/series', give);
    assert.equal((await failureOf(getAddress('/api/series'))).kind, kind);
  }
});

test('what was left before its answer came is no failure', async () => {
  const left = new AbortController();
  server.answers('/api/series', () => new Promise(() => undefined));

  const asked = getAddress('/api/series', left.signal);
  left.abort();

  await assert.rejects(asked, { name: 'AbortError' });
});

test('what leaves with the tab goes with the token in hand and outlives it', async () => {
  keepToken({ access_token: 'mine', expires_in: 0 });
  server.answers('/api/reading/progress', () => answer({ results: [] }));

  await postAsIs('/api/reading/progress', { rows: [] }, { keepalive: true });

  assert.deepEqual(server.paths, ['POST /api/reading/progress']);
  assert.equal(server.calls[0]?.isKeptAlive, true);
  assert.equal(server.calls[0]?.token, 'Bearer mine');
});

test('a row that shifted to the next page stands once', () => {
  const rows = [{ id: 1 }, { id: 2 }, { id: 2 }, { id: 3 }];

  assert.deepEqual(
    withoutRepeats(rows).map(({ id }) => id),
    [1, 2, 3]
  );
});
