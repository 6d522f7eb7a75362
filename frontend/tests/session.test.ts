import assert from 'node:assert/strict';
import { beforeEach, test, vi } from 'vitest';
import { answer, forgetBrowser, hold, memory, server, settle } from './fakeBrowser.ts';
import { registerPersonalState } from '../src/lib/auth/personal.ts';
import { session } from '../src/lib/auth/session.svelte.ts';
import { forgetToken, remembersMember, tokenInHand } from '../src/lib/api/tokens.ts';
import { currentLanguage, loadLanguage } from '../src/lib/i18n/i18n.svelte.ts';
import { allPositions, writePositions } from '../src/lib/reading/positions.ts';

const person = (id: number) => ({
  id,
  username: `member${id}`,
  language: 'en',
  time_zone: '',
  permissions: { upload: true },
  reading: { direction: '', fit: '', data_saver: null },
  hidden_ratings: [],
  pending_email: null
});
const tokens = () => answer({ access_token: 'token', expires_in: 900 });
const noContent = () => new Response(null, { status: 204 });

let forgotten = 0;
registerPersonalState({ clear: () => (forgotten += 1) });
session.start();

/** A server that lets member 1 in, and out. */
function openDoors(id = 1): void {
  server.answers('/api/auth/token', tokens);
  server.answers('/api/auth/refresh', tokens);
  server.answers('/api/auth/me', () => answer(person(id)));
  server.answers('/api/auth/logout', noContent);
}

const broken = () => Promise.reject(new TypeError('no answer'));

beforeEach(() => {
  forgetToken();
  forgetBrowser();
  openDoors();
});

test('whoever was let in is not asked for the code again when only the account did not answer', async () => {
  server.answers('/api/auth/me', broken);
  await assert.rejects(session.login('rina', 'secret', '123456'));
  openDoors();

  await session.login('rina', 'secret', '123456');

  assert.equal(session.me?.id, 1);
  assert.equal(server.paths.filter((path) => path === 'POST /api/auth/token').length, 1);
});

test('whoever is known is spoken to in their language from the first moment', async () => {
  server.answers('/api/auth/me', () => answer({ ...person(3), language: 'ru' }));
  const spoken: string[] = [];
  registerPersonalState({ clear: () => spoken.push(currentLanguage()) });

  await session.login('dima', 'secret');

  assert.equal(spoken.at(-1), 'ru');
  await loadLanguage('en');
});

test('another name knocks anew, whoever was let in before', async () => {
  server.answers('/api/auth/me', broken);
  await assert.rejects(session.login('rina', 'secret'));
  openDoors(2);

  await session.login('uli', 'secret');

  assert.equal(server.paths.filter((path) => path === 'POST /api/auth/token').length, 2);
});

test('where the answer to a login breaks off, the cookie that came with it is good', async () => {
  server.answers('/api/auth/token', () => new Response('{"access'));

  await session.login('rina', 'secret', '123456');

  assert.equal(session.me?.id, 1);
  assert.deepEqual(server.paths, [
    'POST /api/auth/token',
    'POST /api/auth/refresh',
    'GET /api/auth/me'
  ]);
});

test('a blip at start makes nobody a guest: their places show, and the account comes later', async () => {
  memory.set('mangakg.member', '1');
  memory.set('mangakg.owner', '1');
  for (const give of [broken, () => answer({}, 502), () => new Response('{"acc')]) {
    server.answers('/api/auth/refresh', give);

    session.start();
    await session.ready;

    assert.equal(session.me, null);
    assert.equal(session.owner, '1');
    assert.equal(session.isUnreached, true);
  }

  openDoors();
  await session.resume();

  assert.equal(session.me?.id, 1);
  assert.equal(session.isUnreached, false);
});

test('an account that did not answer after the refresh is asked again with the token in hand', async () => {
  memory.set('mangakg.member', '1');
  server.answers('/api/auth/me', () => answer({}, 503));
  await session.resume();
  server.forget();
  openDoors();

  await session.resume();

  assert.deepEqual(server.paths, ['GET /api/auth/me']);
});

test('a device that remembers nobody asks for nothing', async () => {
  await session.resume();

  assert.deepEqual(server.paths, []);
});

test('logging out first sends what is unsent', async () => {
  await session.login('rina', 'secret');
  const sending = hold();
  let isSent = false;
  registerPersonalState({ sendUnsent: () => sending.then(() => (isSent = true)) });
  server.answers('/api/auth/logout', () => {
    assert.equal(isSent, true);
    return noContent();
  });

  const left = session.logout();
  sending.release();
  await left;

  assert.equal(session.me, null);
  assert.equal(tokenInHand(), null);
});

test('what the server refuses or never takes holds up no logout', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout'] });
  await session.login('rina', 'secret');
  registerPersonalState({ sendUnsent: () => Promise.reject(new Error('refused')) });
  const never = hold();
  registerPersonalState({ sendUnsent: () => never });

  const left = session.logout();
  await vi.advanceTimersByTimeAsync(4000);
  await left;

  assert.equal(session.me, null);
  never.release();
  vi.useRealTimers();
});

test('a change that is answered after a logout brings nobody back', async () => {
  await session.login('rina', 'secret');
  const slow = hold();
  server.answers('/api/auth/me', () => slow.then(() => answer(person(1))));

  const changed = session.update({ bio: 'Reads.' });
  await settle();
  await session.logout();
  slow.release();
  await changed;

  assert.equal(session.me, null);
});

test('a tab follows another one in which somebody else logged in', async () => {
  await session.login('rina', 'secret');
  openDoors(2);
  memory.set('mangakg.owner', '2');

  window.dispatchEvent(
    Object.assign(new Event('storage'), { key: 'mangakg.owner', newValue: '2' })
  );
  assert.equal(session.isUnreached, true);
  await session.ready;

  assert.equal(session.me?.id, 2);
});

test('logging out leaves nothing of the person on the device', async () => {
  await session.login('rina', 'secret');
  writePositions('1', { series: { slug: 'a', name: 'A', cover: null }, chapters: {}, next: null });
  const before = forgotten;

  await session.logout();

  assert.equal(forgotten, before + 1);
  assert.equal(remembersMember(), false);
  assert.equal(session.owner, 'guest');
  assert.deepEqual([...memory.keys()], []);
  assert.deepEqual(allPositions('1'), []);
});

test('a logout that the server did not hear of is none', async () => {
  await session.login('rina', 'secret');
  server.answers('/api/auth/logout', broken);

  await assert.rejects(session.logout());

  assert.equal(session.me?.id, 1);
  assert.equal(remembersMember(), true);
});

test('a session that ended by itself keeps what its person typed, and shows it to nobody else', async () => {
  await session.login('rina', 'secret');
  forgetToken();
  const before = forgotten;

  await session.login('rina', 'secret');
  assert.equal(forgotten, before);

  forgetToken();
  openDoors(2);
  await session.login('uli', 'secret');
  assert.equal(forgotten, before + 1);
});

test('who logged out does not come back with an answer that was on its way', async () => {
  await session.login('rina', 'secret');
  const slow = hold();
  server.answers('/api/auth/me', () => slow.then(() => answer(person(1))));

  const asked = session.reload();
  await settle();
  await session.logout();
  slow.release();
  await asked;

  assert.equal(session.me, null);
});

test('what an act answers is known without asking for the account again', async () => {
  await session.login('rina', 'secret');
  server.forget();

  session.learn({ pending_email: 'new@example.test' });

  assert.equal(session.me?.pending_email, 'new@example.test');
  assert.deepEqual(server.paths, []);
});
