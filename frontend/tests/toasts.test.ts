import assert from 'node:assert/strict';
import { beforeEach, test, vi } from 'vitest';
import { hold, settle } from './fakeBrowser.ts';
import { ApiError } from '../src/lib/api/errors.ts';
import { perform } from '../src/lib/ui/acts.ts';
import {
  dismissToast,
  holdToasts,
  releaseToasts,
  sayDone,
  sayFailed,
  toasts
} from '../src/lib/ui/toasts.svelte.ts';

const texts = () => toasts.map((toast) => toast.text);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  for (const { id } of [...toasts]) dismissToast(id);
});

test('an error that is shown already is not shown twice', () => {
  const first = sayFailed('offline');

  assert.equal(sayFailed('offline'), first);
  sayFailed('another');
  assert.deepEqual(texts(), ['offline', 'another']);

  dismissToast(first);
  sayFailed('offline');
  assert.deepEqual(texts(), ['another', 'offline']);
});

test('what was done leaves by itself, an error stays', () => {
  sayDone('done');
  sayFailed('failed');

  vi.advanceTimersByTime(60_000);

  assert.deepEqual(texts(), ['failed']);
});

test('a toast waits while somebody is at it, and leaves six seconds after', () => {
  sayDone('done');

  holdToasts();
  vi.advanceTimersByTime(60_000);
  assert.deepEqual(texts(), ['done']);

  releaseToasts();
  vi.advanceTimersByTime(6000);
  assert.deepEqual(texts(), []);
});

/** An act on a switch, whose server takes it or not. */
function turnOn(send: () => Promise<unknown>, sent: string[] = []) {
  const state = { isOn: false };
  const act = {
    id: 'on',
    key: 'switch',
    apply: () => (state.isOn = true),
    revert: () => (state.isOn = false),
    send: () => send().then(() => sent.push('on')),
    inverse: async () => sent.push('off')
  };
  return { state, act };
}

test('an act shows at once, is sent at once, and undone by its opposite, in that order', async () => {
  const sent: string[] = [];
  const arriving = hold();
  const { state, act } = turnOn(() => arriving, sent);

  const done = perform(act, 'Switched on');
  assert.equal(state.isOn, true);
  toasts[0]?.undo?.();
  assert.equal(state.isOn, false);
  arriving.release();
  await done;
  await settle();

  assert.deepEqual(sent, ['on', 'off']);
  assert.deepEqual(texts(), []);
});

test('an act that is refused is taken back, and says so', async () => {
  const refused = new ApiError('forbidden', 'You may not.', 403);
  const { state, act } = turnOn(() => Promise.reject(refused));

  assert.equal(await perform(act, 'Switched on'), false);

  assert.equal(state.isOn, false);
  assert.deepEqual(texts(), ['You may not.']);
});

test('an act that never arrived is undone without a word to the server', async () => {
  const sent: string[] = [];
  const { act } = turnOn(() => Promise.reject(ApiError.offline()), sent);

  const done = perform(act, 'Switched on');
  toasts[0]?.undo?.();
  await done;
  await settle();

  assert.deepEqual(sent, []);
});

test('a second press while an act is under way does nothing', async () => {
  let calls = 0;
  const arriving = hold();
  const { act } = turnOn(() => {
    calls += 1;
    return arriving;
  });

  const first = perform(act, 'Switched on');
  await perform(act, 'Switched on');
  arriving.release();
  await first;

  assert.equal(calls, 1);
});

test('acts of a group have one message, which undoes all of them by the first one’s opposite', async () => {
  const sent: string[] = [];
  let value = 0;
  const step = (by: number) => ({
    id: `step ${by}`,
    key: 'steps',
    group: 'steps',
    apply: () => (value = by),
    revert: () => (value = by - 1),
    send: async () => sent.push(`to ${by}`),
    inverse: async () => sent.push(`back to ${by - 1}`)
  });

  for (const by of [1, 2, 3]) await perform(step(by), `At ${by}`);
  assert.deepEqual(texts(), ['At 3']);
  toasts[0]?.undo?.();
  await settle();

  assert.deepEqual(sent, ['to 1', 'to 2', 'to 3', 'back to 0']);
  assert.equal(value, 0);
});
