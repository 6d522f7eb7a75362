import assert from 'node:assert/strict';
import { test } from 'vitest';
import {
  askedQuery,
  countFilters,
  filtersFrom,
  queryOf,
  tagChoice,
  toggleFilter,
  turnTag,
  withoutFilters
} from '../src/lib/titles/filters.ts';

const from = (query: string) => filtersFrom(new URLSearchParams(query));

test('the address holds everything and gives it back', () => {
  const query =
    'search=naruto&kind=manga&kind=comic&status=ongoing&genre=drama&tag=a&exclude_tag=b&year=2020&ordering=title';

  assert.equal(queryOf(from(query)).toString(), query);
});

test('a tag goes from either to with to without and back', () => {
  let filters = from('');
  const seen = [1, 2, 3].map(() => {
    filters = turnTag(filters, 'horror');
    return tagChoice(filters, 'horror');
  });

  assert.deepEqual(seen, ['with', 'without', 'either']);
  assert.equal(queryOf(filters).toString(), '');
});

test('pressing a filter twice takes it away', () => {
  const once = toggleFilter(from(''), 'kind', 'manga');

  assert.equal(countFilters(once), 1);
  assert.equal(countFilters(toggleFilter(once, 'kind', 'manga')), 0);
});

test('clearing filters keeps what was searched and the order', () => {
  const cleared = withoutFilters(from('search=x&kind=manga&year=2020&ordering=title'));

  assert.equal(queryOf(cleared).toString(), 'search=x&ordering=title');
});

test('what a reader hides is left out, unless they filter by rating themselves', () => {
  assert.equal(
    askedQuery(from('tag=a'), ['erotica', 'pornographic']).toString(),
    'rating=safe&rating=suggestive&tag=a'
  );
  assert.equal(askedQuery(from('rating=erotica'), ['erotica']).toString(), 'rating=erotica');
  assert.equal(askedQuery(from('tag=a'), []).toString(), 'tag=a');
});
