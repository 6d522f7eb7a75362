import assert from 'node:assert/strict';
import { test } from 'vitest';
import { nameIn, otherNames } from '../src/lib/titles/names.ts';

const manas = {
  name: 'Manas: The Boy from Talas',
  names: { ky: 'Манас: Таластын баласы', ru: 'Манас: мальчик из Таласа' },
  original_name: 'Манас: Таластын баласы',
  original_language: 'ky',
  aliases: [
    { name: 'Манас: мальчик из Таласа', language: 'ru' },
    { name: 'MANAS: THE BOY FROM TALAS', language: '' }
  ]
};

test('a title has its name in the language of the reader, else its main one', () => {
  assert.equal(nameIn(manas, 'ky'), 'Манас: Таластын баласы');
  assert.equal(nameIn(manas, 'en'), 'Manas: The Boy from Talas');
});

test('its other names stand there once each, the original first', () => {
  const namesIn = (language: string) => otherNames(manas, language).map(({ name }) => name);

  assert.deepEqual(namesIn('ru'), ['Манас: Таластын баласы', 'Manas: The Boy from Talas']);
  assert.deepEqual(namesIn('ky'), ['Manas: The Boy from Talas', 'Манас: мальчик из Таласа']);
});
