import type { FoundTitle } from '../src/lib/api/types.ts';
import './fakeBrowser.ts';
import assert from 'node:assert/strict';
import { test } from 'vitest';
import { loadLanguage, needWords, say } from '../src/lib/i18n/i18n.svelte.ts';
import { inPlace, keyOf, nextWait, patienceMs } from '../src/lib/sources/search.svelte.ts';
import { errorText, factsText } from '../src/lib/sources/words.ts';

const outside = (source: string, id: string, name = id) =>
  ({ title_id: null, source, source_id: id, name }) as FoundTitle;
const ours = (id: number, name: string) => ({ title_id: id, source: null, name }) as FoundTitle;
const keysOf = (rows: readonly FoundTitle[]) => rows.map(keyOf);

test('a source is waited for gently, and not for long', () => {
  assert.equal(nextWait([], 0, 0), null);
  assert.equal(nextWait(['anilist'], 0, 40), 500);
  assert.equal(nextWait(['anilist'], 500, 600), 625);
  assert.equal(nextWait(['anilist'], 900, 3000), 1000);
  assert.equal(nextWait(['anilist'], 1000, patienceMs), null);
});

test('what is on the screen keeps its place when more is found, and what is no more found goes', () => {
  const before = [ours(1, 'Manas'), outside('anilist', '7'), outside('anilist', '8')];
  const next = [outside('mangadex', 'a'), outside('anilist', '8', 'now'), ours(1, 'Manas')];

  const rows = inPlace(before, next);

  assert.deepEqual(keysOf(rows), ['1', 'anilist-8', 'mangadex-a']);
  assert.equal(rows[1]?.name, 'now');
});

test('a failure of a source is said in words, with when it is asked again', async () => {
  await loadLanguage('en');
  await needWords('sources');
  const until = '2026-11-30T12:05:00Z';
  const said = (code: string, more: object = {}) =>
    errorText('AniList', { code, detail: '', ...more });

  assert.equal(said('source_limited'), 'AniList asks us to wait.');
  assert.equal(
    said('source_limited', { until }),
    `AniList asks us to wait until ${say.time(until)}.`
  );
  assert.equal(said('source_down'), 'AniList does not answer.');
  assert.equal(
    said('strange', { detail: 'Its address is wrong.' }),
    'AniList: Its address is wrong.'
  );
  assert.equal(said('strange'), 'AniList does not answer.');
});

test('what tells two of one name apart stands in one line', async () => {
  await loadLanguage('en');
  await needWords('sources');
  const facts = { kind: 'anime', year: 1997, format: 'TV_SHORT', max_progress: 25 };

  assert.equal(factsText(facts), 'Anime · 1997 · Short series · of 25');
  assert.equal(factsText({ ...facts, format: 'anime', max_progress: null }), 'Anime · 1997');
  assert.equal(
    factsText({ ...facts, format: 'Radio play', year: null }),
    'Anime · Radio play · of 25'
  );
});
