import assert from 'node:assert/strict';
import { test } from 'vitest';
import type { LibraryItem, Title, TitleRow } from '../src/lib/api/types.ts';
import { joinFound } from '../src/lib/shell/found.ts';
import { changedFacts, draftOf, factsOf, formOf } from '../src/lib/titles/drafts.ts';
import { kindOfSection, titlePath } from '../src/lib/titles/kinds.ts';
import { playerOf } from '../src/lib/titles/trailers.ts';

const film = {
  name: 'The Descendant of the Snow Leopard',
  original_name: '',
  original_language: 'ky',
  status: 'completed',
  content_rating: 'safe',
  year: 1984,
  duration_minutes: 134,
  season_count: null,
  length: null,
  genres: [{ slug: 'drama' }],
  tags: [],
  synopsis: { ky: 'Кожожаш.' },
  aliases: [],
  credits: [{ role: 'cast', part: 'Kojojash', person: { id: 7, name: 'Dokdurbek', slug: 'd' } }],
  trailers: [{ url: 'https://youtu.be/x', site: 'youtube', id: 'x' }],
  site_url: ''
} as unknown as Title;

test('the pages of titles are where their kind says, and by number where nobody lists them', () => {
  const paths = [
    { id: 1, kind: 'manga', slug: 'manas' },
    { id: 2, kind: 'movie', slug: 'film' },
    { id: 3, kind: 'show', slug: 'p-3' },
    { id: 4, kind: 'anime', slug: 'a', moderation: 'unlisted' }
  ].map(titlePath);

  assert.deepEqual(paths, ['/series/manas', '/movies/film', '/titles/p-3', '/titles/p-4']);
  assert.deepEqual(['shows', 'series'].map(kindOfSection), ['show', undefined]);
});

test('of a title only what was changed is sent', () => {
  const before = factsOf('movie', draftOf('movie', film));
  const draft = draftOf('movie', film);
  draft.year = 1985;
  draft.synopsis['ru'] = ' Кожожаш. ';
  const [actor] = draft.credits;
  if (actor) actor.name = 'Somebody else';
  draft.credits.push({ key: 0, role: 'director', name: '  ', part: '', known: null });

  const sent = changedFacts(before, factsOf('movie', draft));

  assert.deepEqual(sent, {
    year: 1985,
    synopsis: { ky: 'Кожожаш.', ru: 'Кожожаш.' },
    credits: [{ role: 'cast', part: 'Kojojash', person: 'Somebody else' }]
  });
  assert.deepEqual(changedFacts(before, factsOf('movie', draftOf('movie', film))), {});
});

test('a form holds structures as JSON, no value as nothing, and the poster as it is meant', () => {
  const form = formOf({ year: null, genres: ['drama'], name: 'Film' }, undefined);

  assert.deepEqual(
    [...form],
    [
      ['year', ''],
      ['genres', '["drama"]'],
      ['name', 'Film']
    ]
  );
  assert.deepEqual([...formOf({}, null)], [['poster', '']]);
});

test('a trailer is played by its site, where it keeps no cookies', () => {
  assert.match(
    playerOf({ site: 'youtube', id: 'a b' }).address,
    /^https:\/\/www\.youtube-nocookie\.com\/embed\/a%20b\?/
  );
  assert.equal(
    playerOf({ site: 'vk', id: '-1_2' }).address,
    'https://vk.com/video_ext.php?oid=-1&id=2&autoplay=1'
  );
});

test('a search finds each title once, what is in the library first', () => {
  const row = (id: number) => ({ id, slug: `s${id}`, kind: 'manga', name: `T${id}`, names: {} });
  const mine = { title_id: 2, slug: 's2', type: 'manga', title: 'T2', names: {}, status: 'paused' };

  const found = joinFound([mine as LibraryItem], [row(1), row(2), row(3)] as TitleRow[], 2);

  assert.deepEqual(
    found.map(({ id, status, href }) => [id, status, href]),
    [
      [2, 'paused', '/series/s2'],
      [1, null, '/series/s1']
    ]
  );
});
