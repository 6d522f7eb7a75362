import assert from 'node:assert/strict';
import { test } from 'vitest';
import { formatBytes, formatDuration, formatNumber } from '../src/lib/i18n/numbers.ts';

test('thousands are grouped as each language does', () => {
  assert.equal(formatNumber('en', 1234567), '1,234,567');
  assert.equal(formatNumber('ru', 1234567), '1\u202f234\u202f567');
  assert.equal(formatNumber('ky', 1234), '1234');
});

test('sizes have one decimal below ten', () => {
  assert.equal(formatBytes('en', 999), '999\u00a0B');
  assert.equal(formatBytes('en', 1_572_864), '1.5\u00a0MB');
  assert.equal(formatBytes('ru', 1_572_864), '1,5\u00a0МБ');
  assert.equal(formatBytes('en', 500 * 1024 * 1024), '500\u00a0MB');
});

test('what is left is never zero', () => {
  assert.equal(formatDuration('en', 0.2), '1\u00a0s');
  assert.equal(formatDuration('ru', 95), '2\u00a0мин');
  assert.equal(formatDuration('ky', 3700), '1\u00a0саат 2\u00a0мүн');
});
