import assert from 'node:assert/strict';
import { beforeEach, test } from 'vitest';
import { answer, forgetBrowser, hold, server, settle } from './fakeBrowser.ts';
import { clearPersonalState } from '../src/lib/auth/personal.ts';
import { forgetToken, keepToken } from '../src/lib/api/tokens.ts';
import type { ChapterRow, Upload } from '../src/lib/api/types.ts';
import { sortFiles, type Source } from '../src/lib/uploads/folders.ts';
import { uploadsAddress } from '../src/lib/uploads/filter.ts';
import { isPlaceOf } from '../src/lib/uploads/livePlaces.svelte.ts';
import { mine } from '../src/lib/uploads/mine.svelte.ts';
import { queue } from '../src/lib/uploads/queue.svelte.ts';

/** A request that is under way until it is answered or aborted. */
class Sending {
  static all: Sending[] = [];
  upload = {};
  isAborted = false;
  headers: Record<string, string> = {};
  address = '';
  status = 0;
  response: unknown = null;
  onabort = () => undefined;
  onload = () => undefined;

  constructor() {
    Sending.all.push(this);
  }

  static get last(): Sending {
    const last = Sending.all.at(-1);
    assert.ok(last, 'something is sent');
    return last;
  }

  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }

  getResponseHeader(): null {
    return null;
  }

  abort(): void {
    this.isAborted = true;
    this.onabort();
  }

  answer(status: number, body: unknown): Promise<void> {
    this.status = status;
    this.response = body;
    this.onload();
    return settle();
  }

  open(_method: string, address: string): void {
    this.address = address;
  }

  send(): void {}
}
(globalThis as Record<string, unknown>).XMLHttpRequest = Sending;

const seriesA = { slug: 'a-series', name: 'A', names: {} };
const seriesB = { slug: 'b-series', name: 'B', names: {} };

function zips(...names: string[]): Source[] {
  return sortFiles(names.map((name) => ({ folders: [], file: new File(['zip'], name) }))).sources;
}

const rows = (...ids: number[]) =>
  answer({ results: ids.map((id) => ({ id, state: 'received' })), next: null });

beforeEach(() => {
  forgetToken();
  clearPersonalState();
  forgetBrowser();
  Sending.all = [];
});

test('the uploads of one person are gone when another comes', async () => {
  server.answers('/api/uploads', () => rows(1, 2));
  await mine.refresh();
  assert.equal(mine.underWay.size, 2);

  clearPersonalState();

  assert.equal(mine.underWay.size, 0);
});

test('an answer that comes after its person has left is dropped', async () => {
  const late = hold();
  server.answers('/api/uploads', () => late.then(() => rows(1)));

  const asked = mine.refresh();
  await settle();
  clearPersonalState();
  late.release();
  await asked;

  assert.equal(mine.underWay.size, 0);
});

test('only what came, moved on or ended changes the list', async () => {
  const told = [rows(1), rows(1), rows(1, 2), rows(2)];
  server.answers('/api/uploads', () => told.shift() ?? rows());
  const before = mine.changes;

  const counts: number[] = [];
  for (let time = 0; time < 4; time += 1) {
    await mine.refresh();
    counts.push(mine.changes - before);
  }

  assert.deepEqual(counts, [1, 1, 2, 3]);
});

test('zips of one person are neither shown to the next nor sent by them', async () => {
  keepToken({ access_token: 'of-a', expires_in: 900 });
  queue.add(zips('A 1.zip', 'A 2.zip'), 'en');
  queue.sendAll(seriesA);
  await settle();
  assert.equal(Sending.all.length, 1);

  clearPersonalState();
  keepToken({ access_token: 'of-b', expires_in: 900 });
  await settle();

  assert.equal(Sending.all[0]?.isAborted, true);
  assert.deepEqual(queue.items, []);
  assert.equal(queue.isSending, false);
  assert.equal(Sending.all.length, 1);
  assert.deepEqual(server.paths, []);
});

test('a zip whose token was being renewed when its person left does not go with the next token', async () => {
  keepToken({ access_token: 'of-a', expires_in: 0 });
  const renewal = hold();
  server.answers('/api/auth/refresh', () =>
    renewal.then(() => answer({ access_token: 'of-b', expires_in: 900 }))
  );
  queue.add(zips('A 1.zip'), 'en');
  queue.sendAll(seriesA);
  await settle();

  clearPersonalState();
  renewal.release();
  await settle();

  assert.deepEqual(Sending.all, []);
});

test('the next person can send at once, whatever was under way before', async () => {
  keepToken({ access_token: 'of-a', expires_in: 900 });
  queue.add(zips('A 1.zip'), 'en');
  queue.sendAll(seriesA);
  await settle();
  clearPersonalState();
  keepToken({ access_token: 'of-b', expires_in: 900 });

  queue.add(zips('B 1.zip'), 'en');
  queue.sendAll(seriesB);
  await settle();

  assert.equal(Sending.last.headers.Authorization, 'Bearer of-b');
  assert.equal(Sending.all.length, 2);
});

test('another try goes to the series of the first, whichever is chosen since', async () => {
  queue.add(zips('1.zip'), 'en');
  queue.sendAll(seriesA);
  await settle();
  await Sending.last.answer(503, { code: 'server' });
  const [item] = queue.items;
  assert.equal(item?.phase, 'unsent');

  queue.add(zips('2.zip'), 'en');
  if (item) queue.retry(item);
  queue.sendAll(seriesB);
  await settle();
  assert.equal(Sending.last.address, '/api/series/a-series/chapters');
  await Sending.last.answer(202, { id: 7 });
  assert.equal(Sending.last.address, '/api/series/b-series/chapters');
});

test('leaving is asked about while something is on its way up', async () => {
  const isHeldBack = () => {
    const leaving = new Event('beforeunload', { cancelable: true });
    window.dispatchEvent(leaving);
    return leaving.defaultPrevented;
  };
  queue.add(zips('1.zip'), 'en');
  assert.equal(isHeldBack(), false);

  queue.sendAll(seriesA);
  await settle();
  assert.equal(isHeldBack(), true);

  await Sending.last.answer(202, { id: 7 });
  assert.equal(isHeldBack(), false);
});

test('when a day is used up, what waits its turn is ready again, and is not refused one by one', async () => {
  queue.add(zips('1.zip', '2.zip', '3.zip'), 'en');
  queue.sendAll(seriesA);
  await settle();
  await Sending.last.answer(429, { code: 'quota', detail: 'Go on tomorrow.' });

  assert.deepEqual(
    queue.items.map(({ phase }) => phase),
    ['unsent', 'draft', 'draft']
  );
  assert.equal(Sending.all.length, 1);
});

test('what several chapters have in common is told once, and what is left empty stays', () => {
  queue.add(zips('1.zip', '2-бөлүм.zip'), 'en');

  queue.tellAll({ language: '', volume: ' 3 ', group: 'Manas' });

  assert.deepEqual(
    queue.items.map(({ number, language, volume, group }) => [number, language, volume, group]),
    [
      ['1', 'en', '3', 'Manas'],
      ['2', 'ky', '3', 'Manas']
    ]
  );
});

test('another file for a refused upload keeps its words and its series', () => {
  const [source] = zips('fixed.zip');
  const chapter = {
    number: '6',
    title: 'Well',
    language: 'ky',
    volume: 2,
    group: { name: 'Manas' }
  };
  if (source) queue.addAgain(source, { series: seriesA, chapter } as unknown as Upload);

  const [item] = queue.items;
  assert.deepEqual(
    [item?.series, item?.number, item?.title, item?.language, item?.volume, item?.group],
    [seriesA, '6', 'Well', 'ky', '2', 'Manas']
  );
});

const live = { number: '6', title: 'Well', language: 'ky', volume: 1, group: { name: 'Manas' } };
const place = { number: '6', title: '', language: 'ky', volume: '', group: 'manas ' };
for (const [what, chapter, wanted, restarts, isSame] of [
  ['the same number, language and group', live, place, false, true],
  ['a number written otherwise', live, { ...place, number: '06,0' }, false, true],
  ['another language', live, { ...place, language: 'ru' }, false, false],
  ['another group', live, { ...place, group: '' }, false, false],
  ['another volume where numbers go on', live, { ...place, volume: '2' }, false, true],
  ['another volume where they begin anew', live, { ...place, volume: '2' }, true, false],
  ['a one-shot', live, { ...place, number: '' }, false, false],
  [
    'a one-shot of the same title',
    { ...live, number: null },
    { ...place, number: '', title: 'well' },
    false,
    true
  ]
] as const) {
  test(`a live chapter and ${what} are ${isSame ? 'one place' : 'two places'}`, () => {
    assert.equal(isPlaceOf(chapter as unknown as ChapterRow, wanted, restarts), isSame);
  });
}

test('a filter of my uploads asks for the states that belong together', () => {
  assert.equal(uploadsAddress('all'), '/api/uploads?page_size=50');
  assert.equal(uploadsAddress('refused'), '/api/uploads?page_size=50&state=failed&state=rejected');
});
