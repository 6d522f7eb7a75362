import assert from 'node:assert/strict';
import { beforeEach, test } from 'vitest';
import { answer, forgetBrowser, hold, server, settle } from './fakeBrowser.ts';
import { clearPersonalState } from '../src/lib/auth/personal.ts';
import { forgetToken, keepToken } from '../src/lib/api/tokens.ts';
import { mine } from '../src/lib/uploads/mine.svelte.ts';
import { queue } from '../src/lib/uploads/queue.svelte.ts';

/** A request that is under way until it is aborted. */
class Sending {
  static all: Sending[] = [];
  upload = {};
  isAborted = false;
  headers: Record<string, string> = {};
  onabort = () => undefined;

  constructor() {
    Sending.all.push(this);
  }

  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }

  abort(): void {
    this.isAborted = true;
    this.onabort();
  }

  open(): void {}
  send(): void {}
}
(globalThis as Record<string, unknown>).XMLHttpRequest = Sending;

const zip = (name: string) => new File(['zip'], name);
const rows = (...ids: number[]) =>
  answer({ results: ids.map((id) => ({ id, state: 'live' })), next: null });

beforeEach(() => {
  forgetToken();
  clearPersonalState();
  forgetBrowser();
  Sending.all = [];
});

test('the uploads of one person are gone when another comes', async () => {
  server.answers('/api/uploads', () => rows(1, 2));
  await mine.refresh();
  assert.equal(mine.shown.length, 2);

  clearPersonalState();

  assert.deepEqual(mine.shown, []);
  assert.equal(mine.isLoaded, false);
});

test('an answer that comes after its person has left is dropped', async () => {
  const late = hold();
  server.answers('/api/uploads', () => late.then(() => rows(1)));

  const asked = mine.refresh();
  await settle();
  clearPersonalState();
  late.release();
  await asked;

  assert.deepEqual(mine.shown, []);
  assert.equal(mine.isLoaded, false);
});

test('zips of one person are neither shown to the next nor sent by them', async () => {
  keepToken({ access_token: 'of-a', expires_in: 900 });
  queue.add([zip('A 1.zip'), zip('A 2.zip')], 'en');
  queue.sendAll('a-series');
  await settle();
  assert.equal(Sending.all.length, 1);

  clearPersonalState();
  keepToken({ access_token: 'of-b', expires_in: 900 });
  await settle();

  assert.equal(Sending.all[0]?.isAborted, true);
  assert.deepEqual(queue.items, []);
  assert.equal(queue.isSending, false);
  assert.equal(Sending.all.length, 1);
  assert.deepEqual(server.paths, []);
});

test('a zip whose token was being renewed when its person left does not go with the next token', async () => {
  keepToken({ access_token: 'of-a', expires_in: 0 });
  const renewal = hold();
  server.answers('/api/auth/refresh', () =>
    renewal.then(() => answer({ access_token: 'of-b', expires_in: 900 }))
  );
  queue.add([zip('A 1.zip')], 'en');
  queue.sendAll('a-series');
  await settle();

  clearPersonalState();
  renewal.release();
  await settle();

  assert.deepEqual(Sending.all, []);
});

test('the next person can send at once, whatever was under way before', async () => {
  keepToken({ access_token: 'of-a', expires_in: 900 });
  queue.add([zip('A 1.zip')], 'en');
  queue.sendAll('a-series');
  await settle();
  clearPersonalState();
  keepToken({ access_token: 'of-b', expires_in: 900 });

  queue.add([zip('B 1.zip')], 'en');
  queue.sendAll('b-series');
  await settle();

  assert.equal(Sending.all.at(-1)?.headers.Authorization, 'Bearer of-b');
  assert.equal(Sending.all.length, 2);
});
