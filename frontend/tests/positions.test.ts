import assert from 'node:assert/strict';
import { test } from 'node:test';
import { memory } from './browser.ts';
import {
  adoptGuestPositions,
  mergeServer,
  readPositions,
  writePositions,
  type Position
} from '../src/lib/reading/positions.ts';
import { mergeResumes, targetOf, type Resume } from '../src/lib/reading/resume.ts';

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

const resume = (slug: string, changedAt: string, more: Partial<Resume> = {}): Resume => ({
  slug,
  name: slug,
  cover: null,
  chapter: { id: 1, number: '1' },
  page: 2,
  pageCount: 9,
  isFinished: false,
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

test('a chapter that was read to its end is not begun anew by looking into it', () => {
  const theirs = resume('a', '2026-11-18T10:00:00Z', { isFinished: true });
  const mine = resume('a', '2026-11-18T12:00:00Z', { page: 1 });
  const another = resume('a', '2026-11-18T12:00:00Z', { chapter: { id: 2, number: '2' } });

  assert.equal(mergeResumes([theirs], [mine])[0]?.isFinished, true);
  assert.equal(mergeResumes([theirs], [another])[0]?.isFinished, false);
});

test('a chapter that is read leads to the next one', () => {
  assert.equal(targetOf(resume('a', '', { isFinished: true })).id, 2);
  assert.equal(targetOf(resume('a', '')).id, 1);
  assert.equal(targetOf(resume('a', '', { isFinished: true, next: null })).id, 1);
});
