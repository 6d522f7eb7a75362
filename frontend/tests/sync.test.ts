import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { answer, forgetBrowser, hold, server, settle } from './browser.ts';
import type { Chapter } from '../src/lib/api/types.ts';
import { session } from '../src/lib/auth/session.svelte.ts';
import { forgetToken } from '../src/lib/auth/tokens.ts';
import { readPositions, writePositions } from '../src/lib/reading/positions.ts';
import { keepPosition, loadResumes, sendPending } from '../src/lib/reading/sync.ts';

const person = (id: number) => ({ id, language: 'en', time_zone: '' });
const chapter = {
  id: 7,
  number: '7',
  page_count: 20,
  series: { slug: 'a', name: 'A' },
  next: null
} as Chapter;
const place = { page: 3, finished: false, cover: null };
const kept = () =>
  answer({ chapter: 7, page: 3, finished_at: null, changed_at: '2026-11-18T10:00:00Z' });
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
  server.answers('/api/chapters/7/progress', kept);
  server.calls = [];

  await session.logout();

  assert.equal(server.paths[0], 'PUT /api/chapters/7/progress');
  assert.equal(server.paths.at(-1), 'POST /api/auth/logout');
});

test('the answer to a page turn says that the chapter was read elsewhere', async () => {
  await logInAs(1);
  const finished_at = '2026-11-17T09:00:00Z';
  server.answers('/api/chapters/7/progress', () => {
    const mine = readPositions('1', 'a')?.chapters[7];
    return answer({ chapter: 7, page: 3, finished_at, changed_at: mine?.changedAt });
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
    chapters: { 7: unsent(7), 8: unsent(8) },
    next: null
  });
  server.answers('/api/chapters/7/progress', () => slow.then(kept));

  const sending = sendPending();
  await settle();
  forgetToken();
  await logInAs(2);
  slow.release();
  await sending;

  assert.ok(server.paths.includes('PUT /api/chapters/7/progress'));
  assert.ok(!server.paths.includes('PUT /api/chapters/8/progress'));
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
          page: 3,
          finished_at: null,
          changed_at: '2026-11-18T10:00:00Z',
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
