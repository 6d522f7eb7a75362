import assert from 'node:assert/strict';
import { beforeEach, test, vi } from 'vitest';
import { forgetBrowser, hold, memory, settle } from './fakeBrowser.ts';
import {
  chooseLanguage,
  currentLanguage,
  hasWords,
  loadLanguage,
  needWords,
  t
} from '../src/lib/i18n/i18n.svelte.ts';

const russian = hold();
vi.mock('../src/lib/i18n/ru.json', async (load) => {
  await russian;
  return load();
});
vi.mock('../src/lib/i18n/ky.json', () => {
  throw new TypeError('no line');
});

beforeEach(forgetBrowser);

test('without its words the app can say that they did not come', async () => {
  await assert.rejects(loadLanguage('ky'));

  assert.equal(hasWords(), false);
  assert.match(t('error.offline'), /^Байланыш жок/);
  assert.equal(t('home.title'), '');
});

test('the language that was asked for last is spoken, however late the others come', async () => {
  const late = loadLanguage('ru');
  await loadLanguage('en');
  russian.release();
  await late;
  await settle();

  assert.equal(currentLanguage(), 'en');
  assert.equal(t('action.retry'), 'Try again');
});

test('a language whose words did not come is neither spoken nor remembered', async () => {
  await loadLanguage('en');

  await assert.rejects(chooseLanguage('ky'));

  assert.equal(currentLanguage(), 'en');
  assert.equal(memory.has('mangakg.language'), false);
});

test('what only some screens say comes when it is asked for, and in the next language too', async () => {
  await loadLanguage('en');
  assert.equal(t('sources.none'), '');

  await needWords('sources');
  assert.equal(t('sources.none'), 'No other catalogue is connected.');

  await loadLanguage('ru');
  assert.equal(t('sources.none'), 'Другие каталоги не подключены.');
  assert.equal(t('action.retry'), 'Повторить');
});
