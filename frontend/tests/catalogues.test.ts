import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'vitest';

type Catalogue = Record<string, string | Record<string, string>>;
const read = (language: string) =>
  JSON.parse(
    readFileSync(new URL(`../src/lib/i18n/${language}.json`, import.meta.url), 'utf8')
  ) as Catalogue;
/** What only some screens say; its keys stand in no other file. */
const parts = ['anilist', 'jobs', 'sources'];
const needed: Record<string, string[]> = {
  en: ['one', 'other'],
  ky: ['other'],
  ru: ['one', 'few', 'many', 'other']
};

function gaps(text: string | Record<string, string>): string[] {
  const all = typeof text === 'string' ? [text] : Object.values(text);
  return [...new Set(all.flatMap((one) => one.match(/\{\w+\}/g) ?? []))].sort();
}

test('no key stands in two files', () => {
  const keys = ['en', ...parts.map((part) => `${part}/en`)].flatMap((name) =>
    Object.keys(read(name))
  );
  assert.deepEqual(
    keys.filter((key, index) => keys.indexOf(key) !== index),
    []
  );
});

for (const [part, language] of ['', ...parts.map((one) => `${one}/`)].flatMap((one) =>
  ['en', 'ky', 'ru'].map((other) => [one, other] as const)
)) {
  const catalogue = read(part + language);
  const english = read(`${part}en`);

  test(`${part}${language} has exactly the keys of English`, () => {
    assert.deepEqual(Object.keys(catalogue).sort(), Object.keys(english).sort());
  });

  test(`${part}${language} fills the same gaps as English and has every plural form`, () => {
    for (const [key, text] of Object.entries(catalogue)) {
      assert.deepEqual(gaps(text), gaps(english[key] ?? ''), key);
      if (typeof text !== 'string') assert.deepEqual(Object.keys(text), needed[language], key);
    }
  });

  test(`${part}${language} mixes no two alphabets in one word`, () => {
    for (const [key, text] of Object.entries(catalogue)) {
      const all = typeof text === 'string' ? [text] : Object.values(text);
      const words = all.flatMap((one) => one.match(/\p{L}+/gu) ?? []);
      const mixed = words.filter(
        (word) => /\p{Script=Latin}/u.test(word) && /\p{Script=Cyrillic}/u.test(word)
      );
      assert.deepEqual(mixed, [], key);
    }
  });

  test(`${part}${language} has no empty text`, () => {
    for (const [key, text] of Object.entries(catalogue)) {
      const all = typeof text === 'string' ? [text] : Object.values(text);
      assert.ok(
        all.every((one) => one.trim() === one && one.length > 0),
        key
      );
    }
  });
}
