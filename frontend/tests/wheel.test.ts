import assert from 'node:assert/strict';
import { test } from 'vitest';
import { WheelTurns } from '../src/lib/reading/wheel.ts';

const notch = (timeStamp: number, deltaY = 120) => ({ deltaY, deltaMode: 0, timeStamp });
const stroke = (timeStamp: number, deltaY = 20) => ({ deltaY, deltaMode: 0, timeStamp });

test('each notch of a mouse turns one page', () => {
  const wheel = new WheelTurns();

  assert.deepEqual(
    [notch(0), notch(500), notch(1000, -120)].map((event) => wheel.read(event, false)),
    ['next', 'next', 'previous']
  );
});

test('one stroke on a trackpad turns one page, however long it runs on', () => {
  const wheel = new WheelTurns();
  const events = Array.from({ length: 60 }, (_, index) => stroke(index * 16));

  const turns = events.map((event) => wheel.read(event, false)).filter(Boolean);

  assert.deepEqual(turns, ['next']);
});

test('scrolling to the end of a tall page does not turn it; the next stroke does', () => {
  const wheel = new WheelTurns();

  assert.equal(wheel.read(notch(0), true), null);
  assert.equal(wheel.read(notch(50), false), null);
  assert.equal(wheel.read(notch(400), false), 'next');
});
