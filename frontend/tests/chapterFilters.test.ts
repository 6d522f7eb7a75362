import { forgetBrowser } from './fakeBrowser.ts';
import assert from 'node:assert/strict';
import { beforeEach, test } from 'vitest';
import {
  readChapterFilters,
  rememberChapterFilters,
  seriesPageAddress
} from '../src/lib/chapters/filters.ts';

const read = (slug: string, query = '') => readChapterFilters(slug, new URLSearchParams(query));

beforeEach(forgetBrowser);

test('a filter is remembered for its series, and the address comes first', () => {
  rememberChapterFilters('manas', { language: ['ru'], group: 'ala-too' });

  assert.deepEqual(read('manas'), {
    language: ['ru'],
    group: 'ala-too',
    ordering: ''
  });
  assert.deepEqual(read('manas', 'language=en').language, ['en']);
  assert.deepEqual(read('bell').language, []);
  assert.equal(
    seriesPageAddress('manas', read('manas', 'ordering=oldest')),
    '/series/manas?language=ru&group=ala-too&ordering=oldest'
  );
});

test('a filter that is cleared is forgotten', () => {
  rememberChapterFilters('manas', { language: ['ru'], group: '' });
  rememberChapterFilters('manas', { language: [], group: '' });

  assert.deepEqual(read('manas').language, []);
});
