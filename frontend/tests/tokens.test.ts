import assert from 'node:assert/strict';
import { beforeEach, test, vi } from 'vitest';
import { answer, forgetBrowser, hold, memory, server } from './fakeBrowser.ts';
import {
  forgetToken,
  freshToken,
  inTurn,
  keepToken,
  refreshToken,
  remembersMember,
  tokenInHand
} from '../src/lib/api/tokens.ts';

const fresh = (name: string) => answer({ access_token: name, expires_in: 900 });

beforeEach(() => {
  forgetToken();
  forgetBrowser();
});

test('a refresh outlives the page that asked for it, since asking uses the cookie up', async () => {
  server.answers('/api/auth/refresh', () => fresh('new'));

  assert.equal(await refreshToken(), true);
  assert.equal(server.calls[0]?.isKeptAlive, true);
});

test('however many ask, the cookie is used up once', async () => {
  server.answers('/api/auth/refresh', () => fresh('new'));

  assert.deepEqual(await Promise.all([refreshToken(), refreshToken()]), [true, true]);
  assert.equal(server.calls.length, 1);
});

test('an answer that breaks off is no logout, and no crash', async () => {
  memory.set('mangakg.member', '1');
  server.answers('/api/auth/refresh', () => new Response('{"access_tok'));

  assert.equal(await refreshToken(), false);
  assert.equal(remembersMember(), true);
});

test('neither a server in trouble nor one that is asked too often ends the session', async () => {
  for (const status of [429, 500, 502]) {
    memory.set('mangakg.member', '1');
    server.answers('/api/auth/refresh', () => answer({}, status));

    assert.equal(await refreshToken(), false);
    assert.equal(remembersMember(), true, String(status));
  }
});

test('a session ends by the code of the API, not by what a proxy says', async () => {
  for (const status of [400, 401, 403, 404, 407]) {
    memory.set('mangakg.member', '1');
    server.answers('/api/auth/refresh', () => new Response('<html>', { status }));

    await refreshToken();
    assert.equal(remembersMember(), true, String(status));
  }

  server.answers('/api/auth/refresh', () => answer({ code: 'invalid_token' }, 401));
  await refreshToken();
  assert.equal(remembersMember(), false);
});

test('a tab that hangs with the turn loses it after a while', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  const asked: LockOptions[] = [];
  const request = async (_name: string, options: LockOptions, work: () => unknown) => {
    asked.push(options);
    if (options.steal) return work();
    return new Promise((_resolve, reject) => {
      options.signal?.addEventListener('abort', () => reject(options.signal?.reason));
    });
  };
  Object.defineProperty(navigator, 'locks', { value: { request }, configurable: true });

  const done = inTurn(async () => 'done');
  await vi.advanceTimersByTimeAsync(15_000);

  assert.equal(await done, 'done');
  assert.equal(asked[1]?.steal, true);
  Reflect.deleteProperty(navigator, 'locks');
  vi.useRealTimers();
});

test('what ends a session waits for the refresh in flight, so that nothing comes after it', async () => {
  keepToken({ access_token: 'old', expires_in: 0 });
  const refresh = hold();
  server.answers('/api/auth/refresh', () => refresh.then(() => fresh('new')));

  const renewed = freshToken();
  const left = inTurn(async () => {
    assert.equal(tokenInHand(), 'new');
    forgetToken();
  });
  refresh.release();
  await Promise.all([renewed, left]);

  assert.equal(tokenInHand(), null);
  assert.equal(remembersMember(), false);
});

test('an answer that was lost is asked for again, at once', async () => {
  memory.set('mangakg.member', '1');
  assert.equal(await refreshToken(), false);
  server.answers('/api/auth/refresh', () => fresh('new'));

  assert.equal(await refreshToken(), true);
  assert.equal(tokenInHand(), 'new');
});

test('a turn that fails lets the next one go on', async () => {
  await assert.rejects(inTurn(() => Promise.reject(new Error('no answer'))));

  assert.equal(await inTurn(async () => 'next'), 'next');
});
