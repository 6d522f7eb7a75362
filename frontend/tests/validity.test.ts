import assert from 'node:assert/strict';
import { test } from 'vitest';
import { refusals, type Checked } from '../src/lib/ui/validity.ts';

const field = (name: string, wrong: Partial<Checked['validity']> = {}, type = 'text'): Checked => ({
  name,
  type,
  value: '',
  validity: { valueMissing: false, typeMismatch: false, tooShort: false, ...wrong }
});

test('each wrong field is named once with its reason', () => {
  const found = refusals([
    field('username', { valueMissing: true }),
    field('email', { typeMismatch: true }),
    field('password', { tooShort: true }),
    field('reason', { valueMissing: true }, 'radio'),
    field('bio')
  ]);

  assert.deepEqual(found, {
    username: 'form.required',
    email: 'form.email',
    password: 'form.short',
    reason: 'form.choose'
  });
});

test('a control without a name, such as a button, is never refused', () => {
  assert.deepEqual(refusals([field('', { valueMissing: true })]), {});
});
