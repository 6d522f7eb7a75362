import assert from 'node:assert/strict';
import { beforeEach, mock, test } from 'node:test';
import { hold } from './browser.ts';
import {
  dismissToast,
  finishUndoable,
  sayDone,
  sayFailed,
  sayUndoable,
  toasts
} from '../src/lib/ui/toasts.svelte.ts';

const texts = () => toasts.map((toast) => toast.text);

beforeEach(() => {
  mock.timers.reset();
  mock.timers.enable({ apis: ['setTimeout'] });
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

  mock.timers.tick(60_000);

  assert.deepEqual(texts(), ['failed']);
});

test('a deed is done once when its six seconds are over, and never when it was undone', () => {
  const done: string[] = [];
  const deed = (name: string) => async () => done.push(name);
  sayUndoable('kept', deed('kept'), () => undefined);
  sayUndoable('undone', deed('undone'), () => done.push('back'));

  toasts.find((toast) => toast.text === 'undone')?.undo?.();
  mock.timers.tick(6000);

  assert.deepEqual(done, ['back', 'kept']);
  assert.deepEqual(texts(), []);
});

test('finishing does what waits, and waits for it and for what is under way', async () => {
  const [begun, waiting] = [hold(), hold()];
  const done: string[] = [];
  sayUndoable(
    'begun',
    () => begun.then(() => done.push('begun')),
    () => undefined
  );
  mock.timers.tick(6000);
  sayUndoable(
    'waiting',
    () => waiting.then(() => done.push('waiting')),
    () => undefined
  );

  const finished = finishUndoable().then(() => done.push('finished'));
  waiting.release();
  begun.release();
  await finished;

  assert.deepEqual(done, ['waiting', 'begun', 'finished']);
});
