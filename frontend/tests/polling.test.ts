import assert from 'node:assert/strict';
import { test } from 'vitest';
import { firstWaitMs, longestWaitMs, nextWait } from '../src/lib/uploads/polling.ts';
import { Speedometer } from '../src/lib/uploads/speed.ts';

test('nothing is asked when nothing can change', () => {
  assert.equal(nextWait(['live', 'rejected', 'failed'], firstWaitMs, false), null);
});

test('waits grow while nothing changes and start over when something does', () => {
  let waitMs: number | null = firstWaitMs;
  for (let index = 0; index < 20; index += 1) {
    waitMs = nextWait(['awaiting_review'], waitMs ?? 0, false);
  }

  assert.equal(waitMs, longestWaitMs);
  assert.equal(nextWait(['extracting'], longestWaitMs, true), firstWaitMs);
});

test('speed is that of the last seconds', () => {
  const speed = new Speedometer();
  speed.add(0, 0);
  speed.add(10_000, 100);
  speed.add(12_000, 2100);

  assert.equal(speed.bytesPerSecond, 1000);
  assert.equal(speed.secondsLeft(4100), 2);
});

test('before anything was sent nobody knows what is left', () => {
  assert.equal(new Speedometer().secondsLeft(10), null);
});
