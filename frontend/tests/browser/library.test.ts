import axe from 'axe-core';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import '../../src/app.css';
import { queryClient, tellOwner } from '../../src/lib/api/queries.svelte';
import type { LibraryItem } from '../../src/lib/api/types';
import { loadLanguage } from '../../src/lib/i18n/i18n.svelte';
import { chooseView } from '../../src/lib/library/views.svelte';
import { dismissToast, toasts } from '../../src/lib/ui/toasts.svelte';
import LibraryScreen from '../../src/routes/(app)/library/LibraryScreen.svelte';

vi.mock('$app/navigation', () => ({ goto: vi.fn(), beforeNavigate: vi.fn() }));
vi.mock('$app/state', () => ({ page: { url: new URL('https://here.test/library') } }));

const itemOf = (id: number): LibraryItem => ({
  id,
  title: `Title ${id}`,
  title_id: 100 + id,
  slug: `title-${id}`,
  names: {},
  original_name: '',
  type: 'manga',
  external_ids: { anilist: null, mal: null, mangadex: null },
  format: '',
  site_url: '',
  year: 2000 + id,
  cover: null,
  cover_url: '',
  title_status: 'ongoing',
  moderation: 'approved',
  status: 'current',
  unit: 'chapters',
  progress: 3,
  progress_volumes: 0,
  max_progress: 4,
  has_own_max: false,
  score: 80,
  favourite: id === 1,
  notes: '',
  private: false,
  started_on: null,
  finished_on: null,
  repeats: 0,
  tags: [],
  source: '',
  unread_count: 1,
  next_chapter: { id: 9, number: '4', volume: null, language: 'ky', title: '', group: null },
  sync: '',
  synced_at: null,
  created_at: '2026-11-01T00:00:00Z',
  updated_at: '2026-11-01T00:00:00Z'
});
let kept: Map<number, LibraryItem>;
let asked: string[];
/** What the next change is answered with, where it is refused. */
let refusal: Response | null;

async function answer(request: Request): Promise<Response> {
  const { pathname } = new URL(request.url);
  if (request.method !== 'GET') asked.push(`${request.method} ${pathname}`);
  if (pathname.endsWith('/summary')) {
    return Response.json({ total: kept.size, by_status: { current: kept.size } });
  }
  if (pathname.endsWith('/settings')) return Response.json({ score_format: 'points100' });
  if (pathname.endsWith('/lists')) return Response.json({ results: [] });
  if (request.method === 'GET') return Response.json({ results: [...kept.values()], next: null });
  if (refusal) return refusal;
  const body = (await request.json()) as { by?: number } & Partial<LibraryItem>;
  if (pathname === '/api/library/bulk') {
    return Response.json({ id: 5, outcome: { done: 2 }, can_undo: true });
  }
  const before = kept.get(Number(pathname.split('/')[4])) as LibraryItem;
  const { by, ...fields } = body;
  const after = by
    ? { ...before, progress: 4, status: 'completed' as const }
    : { ...before, ...fields };
  kept.set(before.id, after);
  return Response.json(after);
}

beforeEach(async () => {
  for (const { id } of [...toasts]) dismissToast(id);
  queryClient.clear();
  kept = new Map([1, 2, 3].map((id) => [id, itemOf(id)]));
  asked = [];
  refusal = null;
  tellOwner('1', true);
  chooseView('table');
  await loadLanguage('en');
  vi.spyOn(window, 'fetch').mockImplementation((input) => answer(input as Request));
});
afterEach(() => vi.restoreAllMocks());

const row = (id: number) => page.getByTestId('item').nth(id - 1);
const focused = () =>
  document.activeElement?.closest('[data-item]')?.getAttribute('data-item') ?? '';
const said = () => toasts.map(({ text }) => text);

test('the library is used by keyboard alone', async () => {
  render(LibraryScreen);
  await expect.element(row(3)).toBeVisible();

  await userEvent.keyboard('j');
  await expect.poll(focused).toBe('1');
  await userEvent.keyboard('jjk');
  await expect.poll(focused).toBe('2');
  await userEvent.keyboard('+');
  await expect.element(row(2).getByTestId('status')).toHaveValue('completed');
  expect(asked).toEqual(['POST /api/library/items/2/progress']);
  expect(said()).toEqual(['Title 2: 4 of 4']);

  // Undone, what moved along with it is as it was too.
  toasts[0]?.undo?.();
  await expect.element(row(2).getByTestId('status')).toHaveValue('current');
  await expect.poll(() => kept.get(2)?.progress).toBe(3);

  await userEvent.keyboard('xjx');
  await expect.element(page.getByText('2 chosen')).toBeVisible();
  await page.getByTestId('bulk').getByLabelText('Status').selectOptions('paused');
  await expect.poll(said).toContain('2 titles changed.');
  await expect.element(page.getByTestId('bulk')).not.toBeInTheDocument();
});

test('what is refused is as it was, and why is said', async () => {
  render(LibraryScreen);
  await expect.element(row(1)).toBeVisible();
  refusal = Response.json({ code: 'invalid', detail: 'It is too high.' }, { status: 400 });

  await row(1).getByTestId('score').fill('90');
  await userEvent.tab();

  await expect.poll(said).toEqual(['It is too high.']);
  await expect.element(row(1).getByTestId('score')).toHaveValue(80);
});

for (const view of ['grid', 'compact', 'table'] as const) {
  test(`nothing in the ${view} view hinders anybody`, async () => {
    chooseView(view);
    render(LibraryScreen);
    await expect.element(row(3)).toBeVisible();
    await userEvent.keyboard('jx');
    await expect.element(page.getByTestId('bulk')).toBeVisible();

    const { violations } = await axe.run(document, {
      // The page around is the test runner's.
      rules: {
        'document-title': { enabled: false },
        'html-has-lang': { enabled: false },
        'landmark-one-main': { enabled: false },
        region: { enabled: false }
      }
    });

    expect(violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`)).toEqual([]);
  });
}
