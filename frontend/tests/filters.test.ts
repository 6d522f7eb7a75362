import './fakeBrowser.ts';
import assert from 'node:assert/strict';
import { test } from 'vitest';
import {
  askedAddress,
  browseAddress,
  countFilters,
  readFilters,
  tagChoice,
  toggleFilter,
  turnTag,
  withKnownTerms,
  withoutFilters
} from '../src/lib/titles/filters.ts';

const read = (query: string) => readFilters(new URLSearchParams(query));
const from = (query: string) => read(query).filters;
const shown = { languages: ['ky', 'ru'], ratings: ['safe', 'suggestive'] } as const;

test('the address holds everything and gives it back', () => {
  const query =
    'search=naruto&kind=manga&kind=comic&status=ongoing&genre=drama&tag=a&exclude_tag=b&chapter_language=ky&year_min=1990&year_max=1999&ordering=title';

  assert.equal(browseAddress(from(query)), `/browse?${query}`);
});

test('what means nothing is left out and named', () => {
  const { filters, dropped } = read(
    'kind=manga&kind=opera&year_min=2001&year_max=1999&chapter_language=x!&ordering=best'
  );

  assert.equal(browseAddress(filters), '/browse?kind=manga&year_min=2001');
  assert.deepEqual(dropped.map(({ value }) => value).sort(), ['1999', 'best', 'opera', 'x!']);
});

test('a genre that there is not is left out once it is known which there are', () => {
  const filters = read('genre=drama&genre=opera&exclude_tag=x');
  const known = { genres: new Set(['drama']), tags: new Set<string>() };

  const { filters: kept, dropped } = withKnownTerms(filters, known);

  assert.equal(browseAddress(kept), '/browse?genre=drama&exclude_tag=x');
  assert.deepEqual(dropped, [{ name: 'genre', value: 'opera' }]);
});

test('a tag goes from either to with to without and back', () => {
  let filters = from('');
  const seen = [1, 2, 3].map(() => {
    filters = turnTag(filters, 'horror');
    return tagChoice(filters, 'horror');
  });

  assert.deepEqual(seen, ['with', 'without', 'either']);
  assert.equal(browseAddress(filters), '/browse');
});

test('pressing a filter twice takes it away', () => {
  const once = toggleFilter(from(''), 'kind', 'manga');

  assert.equal(countFilters(once), 1);
  assert.equal(countFilters(toggleFilter(once, 'kind', 'manga')), 0);
});

test('clearing filters keeps what was searched and the order', () => {
  const cleared = withoutFilters(from('search=x&kind=manga&year_min=2020&ordering=title'));

  assert.equal(browseAddress(cleared), '/browse?search=x&ordering=title');
});

test.each([
  ['', 'rating=safe&rating=suggestive&chapter_language=ky&chapter_language=ru'],
  ['rating=erotica', 'rating=erotica&chapter_language=ky&chapter_language=ru'],
  ['chapter_language=en', 'rating=safe&rating=suggestive&chapter_language=en'],
  ['chapter_language=any', 'rating=safe&rating=suggestive']
])('for "%s" a reader asks for what they read', (query, asked) => {
  assert.equal(askedAddress(from(query), shown), `/api/series?${asked}`);
});

test('what is watched, and whatever is called so, is asked for among all kinds and languages', () => {
  const asked = (query: string) => askedAddress(from(query), shown);

  assert.equal(asked('kind=movie'), '/api/titles?kind=movie&rating=safe&rating=suggestive');
  assert.equal(asked('search=manas'), '/api/titles?search=manas&rating=safe&rating=suggestive');
  assert.match(asked('kind=manga'), /^\/api\/series\?.*chapter_language=ky/);
});
