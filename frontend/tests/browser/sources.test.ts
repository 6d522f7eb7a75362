import type { Follow, FoundTitle, SourceHour } from '../../src/lib/api/types';
import axe from 'axe-core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import '../../src/app.css';
import { queryClient, tellOwner } from '../../src/lib/api/queries.svelte';
import { session } from '../../src/lib/auth/session.svelte';
import { loadLanguage, needWords } from '../../src/lib/i18n/i18n.svelte';
import AddTitle from '../../src/lib/library/AddTitle.svelte';
import RefreshDialog from '../../src/lib/sources/RefreshDialog.svelte';
import { dismissToast, toasts } from '../../src/lib/ui/toasts.svelte';
import SeriesSources from '../../src/routes/(app)/series/[slug]/sources/+page.svelte';
import SourcesPage from '../../src/routes/(app)/sources/+page.svelte';

const goto = vi.hoisted(() => vi.fn());
vi.mock('$app/navigation', () => ({ goto, beforeNavigate: vi.fn() }));
vi.mock('$app/state', () => ({
  page: { url: new URL('https://here.test/series/manas/sources'), params: { slug: 'manas' } }
}));

const found = (more: Partial<FoundTitle>): FoundTitle => ({
  title_id: null,
  slug: null,
  kind: 'manga',
  name: 'Manas',
  names: {},
  year: 1989,
  status: null,
  content_rating: null,
  format: 'MANGA',
  cover: null,
  max_progress: 40,
  site_url: '',
  external_ids: {},
  source: null,
  source_id: null,
  sources: [],
  ...more
});
const ours = found({ title_id: 3, slug: 'manas', sources: ['mangakg'] });
const theirs = found({
  name: 'Manas Gaiden',
  source: 'anilist',
  source_id: '77',
  sources: ['anilist', 'mangadex']
});
const sourceOf = (name: string, label: string) => ({
  name,
  label,
  site_url: `https://${name}.test`,
  kinds: ['manga'],
  languages: ['en', 'ru'],
  can: ['search', 'details', 'chapters'],
  credits: `Facts by ${label}.`,
  is_enabled: true,
  chapters_enabled: true
});
const hours: SourceHour[] = Array.from({ length: 24 }, (_, index) => ({
  at: `2026-11-30T${String(index).padStart(2, '0')}:00:00Z`,
  calls: index,
  errors: index === 20 ? 3 : 0,
  limited: 0,
  mean_ms: index ? 240 : null
}));
const followed: Follow = {
  id: 5,
  source: 'mangadex',
  source_id: 'abc',
  title: 'Manas at MangaDex',
  languages: ['ru'],
  from: null,
  to: '12',
  is_following: true,
  state: 'following',
  asked_by: 'mo',
  next_check_at: null,
  checked_at: '2026-11-30T12:00:00Z',
  counts: { waiting: 0, fetching: 0, in_review: 0, live: 2, skipped: 1, failed: 1 },
  error: null
};
const chapterOf = (id: number, state: string, detail = '') => ({
  id,
  number: String(id),
  volume: null,
  language: 'ru',
  title: '',
  groups: ['Ala-Too'],
  state,
  skip_reason: null,
  detail,
  pages_done: 0,
  pages_total: null,
  upload_id: null,
  site_url: ''
});

let asked: string[];
let sent: unknown[];
/** What is answered at an address; each answer but the last once. */
let answers: Record<string, (() => unknown)[]>;

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  const what = `${request.method} ${pathname}`;
  asked.push(what);
  if (request.method !== 'GET') sent.push(await request.json().catch(() => null));
  const queue = answers[what];
  if (!queue) return Response.json({ results: [], next: null, pending: [], errors: {} });
  const given = (queue.length > 1 ? queue.shift() : queue[0])?.();
  return given instanceof Response ? given : Response.json(given);
}

beforeEach(async () => {
  for (const { id } of [...toasts]) dismissToast(id);
  queryClient.clear();
  asked = [];
  sent = [];
  goto.mockClear();
  const sources = [sourceOf('anilist', 'AniList'), sourceOf('mangadex', 'MangaDex')];
  answers = {
    'GET /api/sources': [() => ({ results: sources })],
    'GET /api/sources/autocomplete': [
      () => ({ results: [ours], pending: ['anilist', 'kitsu'], errors: {}, is_stale: false }),
      () => ({
        results: [theirs, ours],
        pending: [],
        errors: { kitsu: { code: 'source_down', detail: '' } }
      })
    ],
    'GET /api/library/settings': [() => ({ score_format: 'points100' })]
  };
  session.learn({});
  tellOwner('1', true);
  await loadLanguage('en');
  await needWords('sources');
  vi.spyOn(window, 'fetch').mockImplementation((input) => answer(input as Request));
});
afterEach(() => vi.restoreAllMocks());

const said = () => toasts.map(({ text }) => text);
const rows = page.getByTestId('add-found');

async function expectNoHindrance(): Promise<void> {
  await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
  const { violations } = await axe.run(document, {
    // The page around is the test runner's.
    rules: {
      'document-title': { enabled: false },
      'html-has-lang': { enabled: false },
      'landmark-one-main': { enabled: false },
      'page-has-heading-one': { enabled: false },
      region: { enabled: false }
    }
  });
  expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
}

test('ours is there at once, others come after it, and one key adds what undo takes out again', async () => {
  const item = { id: 9, title: 'Manas Gaiden', title_id: 30, names: {}, status: 'planning' };
  answers['POST /api/library/items'] = [
    () =>
      Response.json(
        { code: 'source_pending', detail: 'Ask again.' },
        { status: 503, headers: { 'Retry-After': '0.01' } }
      ),
    () => Response.json(item, { status: 201 })
  ];
  answers['DELETE /api/library/items/9'] = [() => new Response(null, { status: 204 })];
  render(AddTitle, { open: true });

  await page.getByTestId('add-search').fill('manas');
  await expect.element(rows.nth(1)).toBeVisible();
  await expect.element(rows.nth(0)).toMatchTextContent(/Here/);
  await expect.element(rows.nth(1)).toMatchTextContent(/AniList/);
  await expect.element(page.getByText('Kitsu does not answer.')).toBeVisible();
  await expectNoHindrance();

  await userEvent.keyboard('{ArrowDown}{Enter}');
  await expect.element(rows.nth(1)).toMatchTextContent(/Planned/);
  expect(said()).toEqual(['Added: Manas Gaiden']);
  const body = { external: { site: 'anilist', id: '77' }, type: 'manga' };
  await expect.poll(() => sent).toEqual([body, body]);

  toasts[0]?.undo?.();
  await expect.poll(() => asked).toContain('DELETE /api/library/items/9');
  await expect.element(rows.nth(1)).not.toMatchTextContent(/Planned/);
});

test('what was in the library already stays as it is, and is opened by a second tap', async () => {
  const kept = { id: 4, title: 'Manas', title_id: 3, names: {}, status: 'completed' };
  answers['POST /api/library/items'] = [() => Response.json(kept, { status: 200 })];
  render(AddTitle, { open: true, search: 'manas' });

  await rows.nth(0).click();

  await expect.element(rows.nth(0)).toMatchTextContent(/Completed/);
  expect(sent).toEqual([{ title_id: 3 }]);
});

test('a name that nobody knows can be added as it is', async () => {
  const item = { id: 9, title: 'Apamdyn kitebi', title_id: 31, names: {} };
  answers['GET /api/sources/autocomplete'] = [() => ({ results: [], pending: [], errors: {} })];
  answers['POST /api/library/items'] = [() => Response.json(item, { status: 201 })];
  render(AddTitle, { open: true });

  await page.getByTestId('add-search').fill('Apamdyn kitebi');
  await expect.element(page.getByTestId('add-by-name')).toBeVisible();
  await userEvent.keyboard('{Enter}');
  await expect.element(page.getByLabelText('Name')).toHaveValue('Apamdyn kitebi');
  await page.getByRole('button', { name: 'Add to my library' }).click();

  await expect.poll(said).toEqual(['Added: Apamdyn kitebi']);
  expect(sent).toEqual([{ title: 'Apamdyn kitebi', type: 'manga', status: 'planning' }]);
});

test('another query makes the one before be asked no more', async () => {
  answers['GET /api/sources/autocomplete'] = [
    () => ({ results: [ours], pending: ['anilist'], errors: {} })
  ];
  const { unmount } = await render(AddTitle, { open: true, search: 'manas' });
  await expect.element(rows.nth(0)).toBeVisible();

  await page.getByTestId('add-search').fill('');
  await expect.element(rows.nth(0)).not.toBeInTheDocument();
  const before = asked.length;
  await new Promise((resolve) => setTimeout(resolve, 700));

  expect(asked.slice(before)).toEqual([]);
  await unmount();
});

test('how each catalogue is doing is told in words, in a graph and in a table', async () => {
  const state = {
    name: 'anilist',
    label: 'AniList',
    site_url: 'https://anilist.test',
    state: 'limited',
    since: '2026-11-30T11:00:00Z',
    until: '2026-11-30T12:05:00Z',
    last_error: { code: 'source_limited', detail: '', at: '2026-11-30T12:00:00Z' },
    latency_ms: 240,
    hours
  };
  const quiet = { ...state, name: 'mangadex', label: 'MangaDex', state: 'unused', hours: [] };
  answers['GET /api/sources/status'] = [
    () => ({ results: [state, { ...quiet, since: null, until: null, last_error: null }] })
  ];
  render(SourcesPage);

  await expect
    .element(page.getByTestId('source-state').nth(0))
    .toMatchTextContent(/Asks us to wait/);
  await expect.element(page.getByText(/AniList asks us to wait\./)).toBeVisible();
  await expect.element(page.getByText('Not asked in the last 24 hours.')).toBeVisible();
  await expect
    .element(page.getByRole('img', { name: 'AniList: 276 questions, 3 in vain' }))
    .toBeVisible();
  await page.getByText('Show by hour').click();
  await expect.element(page.getByRole('table')).toBeVisible();
  await expectNoHindrance();
});

test('a refresh shows what changed and what stayed, as soon as the source has answered', async () => {
  const onchanged = vi.fn();
  answers['POST /api/titles/3/refresh'] = [
    () => Response.json({ changes: {}, kept: [], errors: {}, pending: true }, { status: 202 }),
    () => ({
      changes: { status: ['ongoing', 'completed'], length: [null, 40] },
      cover_pending: true,
      errors: {},
      kept: ['name'],
      refreshed_at: '2026-11-30T12:00:00Z',
      pending: false
    })
  ];
  render(RefreshDialog, { open: true, title: { id: 3, name: 'Manas', names: {} }, onchanged });

  const changed = page.getByTestId('refreshed');
  await expect.element(changed).toMatchTextContent(/Ongoing/);
  await expect.element(changed).toMatchTextContent(/Completed/);
  await expect.element(page.getByText('A new cover is on its way.')).toBeVisible();
  await expect.element(page.getByText('Left as it is')).toBeVisible();
  expect(onchanged).toHaveBeenCalledOnce();
  await expectNoHindrance();
});

test('chapters of a catalogue are taken, and where each is and why is told', async () => {
  const series = {
    id: 3,
    slug: 'manas',
    name: 'Manas',
    names: {},
    external_ids: { anilist: null, mal: null, mangadex: 'abc' },
    chapter_languages: []
  };
  const chapters = [
    chapterOf(1, 'live'),
    chapterOf(2, 'skipped', 'It is here already.'),
    chapterOf(3, 'failed')
  ];
  answers['GET /api/series/manas'] = [() => series];
  answers['GET /api/series/manas/sources'] = [() => ({ results: [followed] })];
  answers['GET /api/series/manas/sources/5/chapters'] = [() => ({ results: chapters, next: null })];
  answers['POST /api/series/manas/sources'] = [() => Response.json(followed, { status: 202 })];
  session.isReady = true;
  vi.spyOn(session, 'me', 'get').mockReturnValue({
    permissions: { moderate: true, upload: true, admin: false },
    reading: { languages: [] },
    hidden_ratings: []
  } as never);
  render(SeriesSources);

  await page.getByTestId('follow').getByRole('button', { name: 'Chapters', exact: true }).click();
  const rows = page.getByTestId('source-chapter');
  await expect.element(rows.nth(2)).toBeVisible();
  await expect.element(rows.nth(1)).toMatchTextContent(/It is here already./);
  await rows.nth(2).getByRole('button', { name: 'Try again' }).click();
  await expect.poll(() => asked).toContain('POST /api/series/manas/sources/5/chapters/3/retry');
  await expectNoHindrance();

  await page.getByLabelText('From', { exact: true }).selectOptions('mangadex');
  await page.getByLabelText('Русский').click();
  await page.getByLabelText('To chapter').fill('12');
  await page.getByRole('button', { name: 'Take chapters' }).click();
  await expect.poll(said).toEqual(['The chapters of MangaDex are being looked through.']);
  expect(sent.at(-1)).toMatchObject({ source: 'mangadex', id: 'abc', to: '12', follow: true });
});
