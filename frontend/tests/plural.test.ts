import assert from 'node:assert/strict';
import { test } from 'vitest';
import { pluralForm } from '../src/lib/i18n/plural.ts';

test('Russian has three forms for whole numbers and one for parts', () => {
  const forms = [0, 1, 2, 4, 5, 11, 12, 14, 21, 22, 25, 101, 111, 1.5].map((count) =>
    pluralForm('ru', count)
  );

  assert.deepEqual(
    forms,
    'many one few few many many many many one few many one many other'.split(' ')
  );
});

test('English and Kyrgyz only set one apart', () => {
  for (const language of ['en', 'ky'] as const) {
    assert.equal(pluralForm(language, 1), 'one');
    assert.equal(pluralForm(language, 0), 'other');
    assert.equal(pluralForm(language, 21), 'other');
  }
});
