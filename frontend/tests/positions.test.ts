import assert from 'node:assert/strict';
import { test } from 'vitest';
import { memory } from './fakeBrowser.ts';
import {
  adoptGuestPositions,
  isAtEnd,
  lastOf,
  mergeServer,
  readPositions,
  rowsOf,
  startIn,
  writePositions,
  type Position
} from '../src/lib/reading/positions.ts';
import {
  fromServer,
  isUpToDate,
  joinResumes,
  mergeResumes,
  targetOf,
  type Resume
} from '../src/lib/reading/resume.ts';

const position = (page: number, changedAt: string): Position => ({
  chapter: 7,
  number: '7',
  page,
  pageCount: 20,
  finishedAt: null,
  changedAt,
  pending: true
});
const state = (page: number, changed_at: string) => ({
  chapter: 7,
  page,
  offset: 0,
  finished_at: null,
  changed_at
});

test('the state that was changed last wins, whatever its page', () => {
  const mine = { 7: position(15, '2026-11-18T10:00:00.000Z') };

  const older = mergeServer(mine, [state(19, '2026-11-18T09:59:59Z')]);
  const newer = mergeServer(mine, [state(3, '2026-11-18T10:00:01Z')]);

  assert.equal(older[7]?.page, 15);
  assert.equal(newer[7]?.page, 3);
  assert.equal(newer[7]?.pageCount, 20);
});

test('what the server alone knows is taken over as it is', () => {
  assert.equal(mergeServer({}, [state(4, '2026-11-18T10:00:00Z')])[7]?.page, 4);
});

const read = '2026-11-17T09:00:00Z';
const now = '2026-11-18T10:00:00.000Z';

test('a chapter read on another device is read here, whichever place was changed last', () => {
  for (const changedAt of ['2026-11-18T09:00:00Z', now, '2026-11-18T11:00:00Z']) {
    const theirs = { ...state(20, changedAt), finished_at: read };

    assert.equal(mergeServer({ 7: position(3, now) }, [theirs])[7]?.finishedAt, read, changedAt);
  }
});

test('a chapter read here stays read when another device turned a page after it', () => {
  const mine = { 7: { ...position(20, now), finishedAt: read } };

  const merged = mergeServer(mine, [state(2, '2026-11-18T11:00:00Z')]);

  assert.equal(merged[7]?.finishedAt, read);
  assert.equal(merged[7]?.page, 2);
  assert.equal(merged[7]?.pending, true);
});

test('a read mark from elsewhere changes neither the page nor what is still to be sent', () => {
  const theirs = { ...state(20, '2026-11-18T09:00:00Z'), finished_at: read };

  const merged = mergeServer({ 7: position(3, now) }, [theirs]);

  assert.deepEqual(merged[7], { ...position(3, now), finishedAt: read });
});

test('what a guest read to the end is read, and so is what the account had read', () => {
  const series = { slug: 'a', name: 'A', cover: null };
  const later = '2026-11-18T12:00:00.000Z';
  const cases = [
    { guest: { ...position(20, now), finishedAt: read }, mine: position(2, later), page: 2 },
    { guest: position(2, later), mine: { ...position(20, now), finishedAt: read }, page: 2 }
  ];
  for (const { guest, mine, page } of cases) {
    memory.clear();
    writePositions('guest', { series, chapters: { 7: guest }, next: null });
    writePositions('1', { series, chapters: { 7: mine }, next: null });

    adoptGuestPositions('1');

    const adopted = readPositions('1', 'a')?.chapters[7];
    assert.deepEqual([adopted?.finishedAt, adopted?.page], [read, page]);
    assert.equal(readPositions('guest', 'a'), null);
  }
});

test('what was read elsewhere and what a guest read are told to the account', () => {
  const series = { slug: 'a', name: 'A', cover: null };
  memory.clear();
  writePositions('guest', {
    series,
    chapters: { 7: { ...position(20, read), finishedAt: read } },
    next: null
  });
  writePositions('1', {
    series,
    chapters: { 7: { ...position(2, now), pending: false } },
    next: null
  });

  adoptGuestPositions('1');

  assert.equal(readPositions('1', 'a')?.chapters[7]?.pending, true);
});

test('what is confirmed is as the server says: marked unread elsewhere is unread here', () => {
  const mine = { 7: { ...position(20, now), finishedAt: read, pending: false } };

  const unread = mergeServer(mine, [state(0, '2026-11-18T11:00:00Z')])[7];
  const begun = mergeServer(mine, [state(2, '2026-11-18T12:00:00Z')])[7];

  assert.deepEqual([unread?.page, unread?.finishedAt, unread?.pending], [0, null, false]);
  assert.deepEqual([begun?.page, begun?.finishedAt], [2, null]);
});

test('marked unread here, a finish of before is forgotten and one of after is not', () => {
  const unread = { ...position(0, now), unreadAt: now };
  const of = (finished_at: string) =>
    mergeServer({ 7: unread }, [{ ...state(20, finished_at), finished_at }])[7];

  const before = of('2026-11-18T09:00:00Z');
  const after = of('2026-11-18T11:00:00Z');

  assert.deepEqual([before?.page, before?.finishedAt, before?.pending], [0, null, true]);
  assert.deepEqual([after?.page, after?.finishedAt], [20, '2026-11-18T11:00:00Z']);
});

test('each thing that was done is told with its own moment', () => {
  const blank = { chapter: 7, page: 0, offset: 0, finished: false, unread: false };
  const again = { ...position(3, now), offset: 0.5, finishedAt: read };
  const finished = { ...position(20, now), offset: 1, finishedAt: now };
  const finishedAgain = { ...position(20, now), offset: 1, finishedAt: read };
  const unread = { ...position(0, now), unreadAt: now };

  assert.deepEqual(rowsOf(again), [
    { ...blank, page: 20, finished: true, changed_at: read },
    { ...blank, page: 3, offset: 0.5, changed_at: now }
  ]);
  assert.deepEqual(rowsOf(finished), [
    { ...blank, page: 20, offset: 1, finished: true, changed_at: now }
  ]);
  assert.deepEqual(
    rowsOf(finishedAgain).map((row) => [row.finished, row.changed_at]),
    [
      [true, read],
      [true, now]
    ]
  );
  assert.deepEqual(rowsOf(unread), [{ ...blank, unread: true, changed_at: now }]);
  assert.deepEqual(rowsOf({ ...position(2, now), unreadAt: read }).length, 2);
});

test('a chapter opens where one is, and from its start when it was read to its end', () => {
  const finished = { ...position(20, read), finishedAt: read };
  const cases: [Position | undefined, number, { page: number; offset: number }][] = [
    [undefined, 20, { page: 1, offset: 0 }],
    [position(4, now), 20, { page: 4, offset: 0 }],
    [{ ...position(1, now), offset: 0.6 }, 1, { page: 1, offset: 0.6 }],
    [finished, 20, { page: 1, offset: 0 }],
    [{ ...finished, page: 4, changedAt: now }, 20, { page: 4, offset: 0 }],
    // A strip of one long picture that is read again.
    [{ ...finished, page: 1, offset: 0.25, changedAt: now }, 1, { page: 1, offset: 0.25 }],
    [{ ...finished, page: 1, offset: 1, changedAt: now }, 1, { page: 1, offset: 0 }],
    [{ ...position(0, now), unreadAt: now }, 20, { page: 1, offset: 0 }],
    // A new version is shorter.
    [{ ...position(12, now), offset: 0.5 }, 5, { page: 5, offset: 0 }]
  ];
  for (const [kept, count, start] of cases) assert.deepEqual(startIn(kept, count), start);
});

test('what is marked unread is not what one read last', () => {
  const older = { ...position(5, read), chapter: 6 };

  assert.equal(lastOf({ 6: older, 7: { ...position(0, now), unreadAt: now } })?.chapter, 6);
  assert.equal(lastOf({ 7: position(0, now) }), null);
});

const resume = (slug: string, changedAt: string, more: Partial<Resume> = {}): Resume => ({
  slug,
  name: slug,
  names: {},
  cover: null,
  chapter: { id: 1, number: '1' },
  page: 2,
  pageCount: 9,
  isAtEnd: false,
  isPending: true,
  next: { id: 2, number: '2' },
  changedAt,
  ...more
});

test('one entry for each series, the last read first', () => {
  const merged = mergeResumes(
    [resume('a', '2026-11-18T10:00:00Z', { page: 2 }), resume('b', '2026-11-18T11:00:00Z')],
    [resume('a', '2026-11-18T12:00:00.000Z', { page: 5 })]
  );

  assert.deepEqual(
    merged.map((one) => [one.slug, one.page]),
    [
      ['a', 5],
      ['b', 2]
    ]
  );
});

test('a chapter that is read to its end leads to the next one', () => {
  const done = resume('a', '', { isAtEnd: true });

  assert.equal(targetOf(done).id, 2);
  assert.equal(targetOf(resume('a', '')).id, 1);
  assert.equal(targetOf({ ...done, next: null }).id, 1);
  assert.equal(isUpToDate({ ...done, next: null }), true);
});

test('a chapter that was read and is read again is gone on with where one is', () => {
  const link = { title: '', volume: null, language: 'en', group: null };
  const row = (page: number, offset: number, changed_at: string) =>
    fromServer({
      series: { id: 1, slug: 'a', name: 'A', kind: 'manga', names: {}, cover: null },
      chapter: { ...link, id: 1, number: '1', page_count: 9 },
      next_chapter: { ...link, id: 2, number: '2' },
      page,
      offset,
      finished_at: read,
      changed_at
    });

  assert.equal(targetOf(row(9, 0, read)).id, 2);
  assert.equal(targetOf(row(2, 0, now)).id, 1);
  assert.equal(targetOf(row(9, 0.5, now)).id, 1);
  assert.equal(targetOf(row(9, 1, now)).id, 2);
  assert.equal(isAtEnd({ page: 2, finishedAt: null, changedAt: now }, 2), false);
});

test('the account knows best what it has heard, and this browser what it has not', () => {
  const theirs = [resume('a', '2026-11-18T10:00:00Z', { page: 2, isPending: false })];
  const kept = { page: 5, isPending: false };
  const mine = [
    resume('a', '2026-11-18T12:00:00Z', kept),
    resume('b', '2026-11-18T12:00:00Z', kept)
  ];
  const pagesOf = (all: Resume[]) => all.map((one) => [one.slug, one.page]);

  assert.deepEqual(pagesOf(joinResumes(theirs, mine, true)), [['a', 2]]);
  assert.deepEqual(pagesOf(joinResumes(theirs, mine, false)), [
    ['b', 5],
    ['a', 2]
  ]);
  const unheard = mine.map((one) => ({ ...one, isPending: true }));
  assert.equal(joinResumes(theirs, unheard, true).length, 2);
});
