import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'vitest';

type Catalogue = Record<string, string | Record<string, string>>;
const read = (language: string) =>
  JSON.parse(
    readFileSync(new URL(`../src/lib/i18n/${language}.json`, import.meta.url), 'utf8')
  ) as Catalogue;
const english = read('en');
const needed: Record<string, string[]> = {
  en: ['one', 'other'],
  ky: ['other'],
  ru: ['one', 'few', 'many', 'other']
};

function gaps(text: string | Record<string, string>): string[] {
  const all = typeof text === 'string' ? [text] : Object.values(text);
  return [...new Set(all.flatMap((one) => one.match(/\{\w+\}/g) ?? []))].sort();
}

for (const language of ['en', 'ky', 'ru']) {
  const catalogue = read(language);

  test(`${language} has exactly the keys of English`, () => {
    assert.deepEqual(Object.keys(catalogue).sort(), Object.keys(english).sort());
  });

  test(`${language} fills the same gaps as English and has every plural form`, () => {
    for (const [key, text] of Object.entries(catalogue)) {
      assert.deepEqual(gaps(text), gaps(english[key] ?? ''), key);
      if (typeof text !== 'string') assert.deepEqual(Object.keys(text), needed[language], key);
    }
  });

  test(`${language} mixes no two alphabets in one word`, () => {
    for (const [key, text] of Object.entries(catalogue)) {
      const all = typeof text === 'string' ? [text] : Object.values(text);
      const words = all.flatMap((one) => one.match(/\p{L}+/gu) ?? []);
      const mixed = words.filter(
        (word) => /\p{Script=Latin}/u.test(word) && /\p{Script=Cyrillic}/u.test(word)
      );
      assert.deepEqual(mixed, [], key);
    }
  });

  test(`${language} has no empty text`, () => {
    for (const [key, text] of Object.entries(catalogue)) {
      const all = typeof text === 'string' ? [text] : Object.values(text);
      assert.ok(
        all.every((one) => one.trim() === one && one.length > 0),
        key
      );
    }
  });
}
