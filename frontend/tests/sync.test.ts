import assert from 'node:assert/strict';
import { beforeEach, test } from 'vitest';
import { answer, forgetBrowser, hold, memory, server, settle } from './fakeBrowser.ts';
import type { Chapter } from '../src/lib/api/types.ts';
import { session } from '../src/lib/auth/session.svelte.ts';
import { forgetToken } from '../src/lib/api/tokens.ts';
import { preferences } from '../src/lib/reading/preferences.svelte.ts';
import { readPositions, writePositions } from '../src/lib/reading/positions.ts';
import {
  keepPosition,
  loadPositions,
  loadResumes,
  markUnread,
  sendPending
} from '../src/lib/reading/sync.ts';

const person = (id: number) => ({
  id,
  language: 'en',
  time_zone: '',
  reading: { direction: '', fit: '', data_saver: null },
  hidden_ratings: []
});
const chapter = {
  id: 7,
  number: '7',
  page_count: 20,
  series: { slug: 'a', name: 'A' },
  next: null
} as Chapter;
const place = { page: 3, offset: 0, finished: false, cover: null };
const progress = { page: 3, offset: 0, finished_at: null, changed_at: '2026-11-18T10:00:00Z' };
const sending = '/api/reading/progress';
/** Takes every row, as a server that knows nothing yet. */
const kept = () => answer({ results: sentRows().map(taken) });
const taken = ({ chapter, page, offset, changed_at }: Row) => ({
  chapter,
  progress: { chapter, page, offset, finished_at: null, changed_at },
  error: null
});
const refused = (code: string) => ({
  chapter: null,
  progress: null,
  error: { code, detail: 'No.' }
});

interface Row {
  chapter: number;
  page: number;
  offset: number;
  changed_at: string;
}

/** The rows of the last request. */
function sentRows(): Row[] {
  const body = server.calls.filter(({ path }) => path === sending).at(-1)?.body;
  return (JSON.parse(body ?? '{"rows": []}') as { rows: Row[] }).rows;
}
const unsent = (id: number) => ({
  chapter: id,
  number: null,
  page: 2,
  pageCount: 9,
  finishedAt: null,
  changedAt: '2026-11-18T10:00:00Z',
  pending: true
});

session.start();

async function logInAs(id: number): Promise<void> {
  server.answers('/api/auth/token', () => answer({ access_token: `of-${id}`, expires_in: 900 }));
  server.answers('/api/auth/me', () => answer(person(id)));
  await session.login(`member${id}`, 'secret');
}

beforeEach(() => {
  forgetToken();
  forgetBrowser();
  server.answers('/api/auth/logout', () => new Response(null, { status: 204 }));
});

test('the page that was turned to just before logging out is kept', async () => {
  await logInAs(1);
  keepPosition(chapter, place);
  server.answers(sending, kept);
  server.calls = [];

  await session.logout();

  assert.equal(server.paths[0], 'POST /api/reading/progress');
  assert.equal(server.paths.at(-1), 'POST /api/auth/logout');
});

test('the answer to a page turn says that the chapter was read elsewhere', async () => {
  await logInAs(1);
  const finished_at = '2026-11-17T09:00:00Z';
  server.answers(sending, () => {
    const mine = readPositions('1', 'a')?.chapters[7];
    const state = { ...progress, chapter: 7, finished_at, changed_at: mine?.changedAt };
    return answer({ results: [{ chapter: 7, progress: state, error: null }] });
  });

  keepPosition(chapter, place);
  await sendPending();

  const mine = readPositions('1', 'a')?.chapters[7];
  assert.deepEqual([mine?.finishedAt, mine?.page, mine?.pending], [finished_at, 3, false]);
});

test('places of one person are not sent by the next', async () => {
  await logInAs(1);
  const slow = hold();
  writePositions('1', {
    series: { slug: 'a', name: 'A', cover: null },
    chapters: Object.fromEntries(Array.from({ length: 40 }, (_, id) => [id, unsent(id)])),
    next: null
  });
  server.answers(sending, () => slow.then(kept));

  const going = sendPending();
  await settle();
  forgetToken();
  await logInAs(2);
  slow.release();
  await going;

  assert.equal(server.paths.filter((path) => path === `POST ${sending}`).length, 1);
});

test('"continue reading" that was asked for one person is not shown to the next', async () => {
  await logInAs(1);
  const slow = hold();
  const reading = (slug: string) =>
    answer({
      results: [
        {
          series: { slug, name: slug, cover: null },
          chapter: { id: 7, number: '7', page_count: 20 },
          ...progress,
          next_chapter: null
        }
      ]
    });
  server.answers('/api/reading', () => slow.then(() => reading('of-the-first')));

  const asked = loadResumes();
  await settle();
  forgetToken();
  await logInAs(2);
  server.answers('/api/reading', () => reading('of-the-second'));
  slow.release();

  assert.deepEqual(
    (await asked).map((one) => one.slug),
    ['of-the-second']
  );
});

test('what was read offline goes in a few requests, each of a hundred rows at most', async () => {
  await logInAs(1);
  const chapters = Object.fromEntries(Array.from({ length: 40 }, (_, id) => [id, unsent(id)]));
  writePositions('1', { series: { slug: 'a', name: 'A', cover: null }, chapters, next: null });
  server.answers(sending, kept);
  server.calls = [];

  await sendPending();
  await sendPending();

  assert.deepEqual(server.paths, [`POST ${sending}`, `POST ${sending}`]);
  assert.equal(sentRows().length, 40 - 33);
});

test('a row that is refused blocks no other, and is not sent again', async () => {
  await logInAs(1);
  const chapters = { 7: unsent(7), 8: unsent(8), 9: unsent(9) };
  writePositions('1', { series: { slug: 'a', name: 'A', cover: null }, chapters, next: null });
  server.answers(sending, () => {
    const [first, second, third] = sentRows();
    assert.ok(first && second && third);
    return answer({ results: [refused('not_found'), taken(second), refused('invalid')] });
  });

  await sendPending();

  const now = readPositions('1', 'a')?.chapters;
  assert.deepEqual(
    Object.values(now ?? {}).map((one) => [one.page, one.pending]),
    [
      [2, false],
      [2, false],
      [2, false]
    ]
  );
});

test('a request that is refused as a whole is not sent again', async () => {
  await logInAs(1);
  const chapters = { 7: unsent(7) };
  writePositions('1', { series: { slug: 'a', name: 'A', cover: null }, chapters, next: null });
  server.answers(sending, () => answer({ code: 'invalid', detail: 'No.' }, 400));
  server.calls = [];

  await sendPending();
  await sendPending();

  assert.deepEqual(server.paths, [`POST ${sending}`]);
  assert.equal(readPositions('1', 'a')?.chapters[7]?.page, 2);
});

test('a position that says nothing is not sent for ever', async () => {
  await logInAs(1);
  const chapters = { 7: { ...unsent(7), page: 0 }, 8: unsent(8) };
  writePositions('1', { series: { slug: 'a', name: 'A', cover: null }, chapters, next: null });
  server.answers(sending, kept);

  await sendPending();

  assert.equal(readPositions('1', 'a')?.chapters[7]?.pending, false);
  assert.equal(readPositions('1', 'a')?.chapters[8]?.pending, false);
});

test('series that the server has not heard of are kept, however many there are', async () => {
  await logInAs(1);
  const series = (slug: string) => ({ slug, name: slug, cover: null });
  const old = { ...unsent(7), changedAt: '2020-01-01T00:00:00Z' };
  writePositions('1', { series: series('unheard'), chapters: { 7: old }, next: null });
  writePositions('1', {
    series: series('heard'),
    chapters: { 7: { ...old, pending: false } },
    next: null
  });
  for (let index = 0; index < 300; index += 1) {
    const chapters = { 7: { ...unsent(7), pending: false } };
    writePositions('1', { series: series(`s${index}`), chapters, next: null });
  }
  server.answers(sending, () => answer({ code: 'throttled', detail: 'Later.' }, 429));

  await sendPending();

  assert.ok(readPositions('1', 'unheard'));
  assert.equal(readPositions('1', 'heard'), null);
});

test('how somebody reads goes with them when they log out', async () => {
  await logInAs(1);
  preferences.setForSeries('a', { mode: 'strip' });

  await session.logout();
  assert.equal(preferences.modeFor('a', 'rtl'), 'rtl');
  await logInAs(2);

  assert.equal(preferences.modeFor('a', 'rtl'), 'rtl');
  assert.ok(![...memory.keys()].includes('mangakg.reader.1'));
});

test('what could not be sent stays for the next visit', async () => {
  await logInAs(1);
  const chapters = { 7: unsent(7) };
  writePositions('1', { series: { slug: 'a', name: 'A', cover: null }, chapters, next: null });
  server.answers(sending, () => answer({ code: 'throttled', detail: 'Later.' }, 429));

  await sendPending();

  assert.equal(readPositions('1', 'a')?.chapters[7]?.pending, true);
});

test('a chapter that is marked unread is the one to read next, and the server hears of it', async () => {
  await logInAs(1);
  server.answers(sending, kept);
  const chapters = { 6: { ...unsent(6), finishedAt: unsent(6).changedAt } };
  writePositions('1', { series: { slug: 'a', name: 'A', cover: null }, chapters, next: null });
  const read = keepPosition(chapter, { ...place, page: 20, finished: true });

  markUnread('a', read);
  await sendPending();

  const record = readPositions('1', 'a');
  assert.deepEqual(record?.next, { id: 7, number: '7' });
  const rows = sentRows().filter((row) => row.chapter === 7);
  assert.deepEqual(
    rows.map((row) => [row.page, 'unread' in row && row.unread]),
    [[0, true]]
  );
  assert.equal(record?.chapters[7]?.pending, false);
});

test('what another device marked unread is unread here', async () => {
  await logInAs(1);
  const finishedAt = '2026-11-18T10:00:00Z';
  const chapters = { 7: { ...unsent(7), finishedAt, pending: false } };
  writePositions('1', { series: { slug: 'a', name: 'A', cover: null }, chapters, next: null });
  server.answers('/api/series/a/progress', () =>
    answer({ results: [{ ...progress, chapter: 7, page: 0, changed_at: '2026-11-18T11:00:00Z' }] })
  );

  const loaded = await loadPositions('a');

  assert.equal(loaded[7]?.finishedAt, null);
  assert.equal(readPositions('1', 'a')?.chapters[7]?.page, 0);
});

test('a page that was turned to while the server was asked is not taken back', async () => {
  await logInAs(1);
  const slow = hold();
  server.answers('/api/series/a/progress', () =>
    slow.then(() => answer({ results: [{ ...progress, chapter: 7, page: 1 }] }))
  );

  const asked = loadPositions('a');
  await settle();
  keepPosition(chapter, { ...place, page: 9 });
  slow.release();

  assert.equal((await asked)[7]?.page, 9);
});
