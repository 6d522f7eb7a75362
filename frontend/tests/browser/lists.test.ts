import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import '../../src/app.css';
import { queryClient } from '../../src/lib/api/queries.svelte';
import { loadLanguage } from '../../src/lib/i18n/i18n.svelte';
import ListScreen from './ListScreen.svelte';

const pageSize = 100;
const rowsIn = (from: number, count: number) =>
  Array.from({ length: count }, (_, index) => ({ id: from + index, name: `Row ${from + index}` }));

/** Answers every request by its address. */
function serve(give: (address: string) => unknown): void {
  vi.spyOn(window, 'fetch').mockImplementation(async (input) => {
    const { pathname, search } = new URL((input as Request).url);
    return Response.json(await give(pathname + search));
  });
}

/** A list of so many rows, of which each page but the first repeats the last row of the one before. */
function serveRows(total: number): void {
  serve((address) => {
    const from = Number(new URLSearchParams(address.split('?')[1]).get('from') ?? 1);
    const results = rowsIn(Math.max(1, from - 1), Math.min(pageSize, total - from + 1) + 1);
    const next = from + pageSize <= total ? `/api/rows?from=${from + pageSize}` : null;
    return { results: results.filter(({ id }) => id <= total), next, count: total };
  });
}

const focused = () => document.activeElement?.textContent;

beforeEach(async () => {
  // Where the test before has scrolled to; a browser without time to draw keeps it for the next list.
  window.scrollTo(0, 0);
  queryClient.clear();
  await loadLanguage('en');
});
afterEach(() => vi.restoreAllMocks());

test('a row that came twice stands once, and the screen lives on', async () => {
  serveRows(150);
  render(ListScreen, { address: '/api/rows' });

  await expect.element(page.getByText('Row 1', { exact: true })).toBeVisible();
  window.scrollTo(0, document.body.scrollHeight);

  await expect.element(page.getByTestId('count')).toHaveTextContent('150');
});

test('of three thousand rows, few are in the document, and End leads to the last', async () => {
  serve(() => ({ results: rowsIn(1, 3000), next: null }));
  render(ListScreen, { address: '/api/rows' });
  await expect.element(page.getByText('Row 1', { exact: true })).toBeVisible();

  await userEvent.tab();
  await userEvent.keyboard('{ArrowDown}{ArrowDown}');
  await expect.poll(focused).toBe('Row 3');
  await userEvent.keyboard('{End}');
  await expect.poll(focused).toBe('Row 3000');

  expect(document.querySelectorAll('[role=listitem]').length).toBeLessThanOrEqual(80);
  expect(document.querySelectorAll('a[tabindex="0"]').length).toBe(1);
});

test('in a grid, arrows go by rows and by columns', async () => {
  serve(() => ({ results: rowsIn(1, 40), next: null }));
  render(ListScreen, { address: '/api/rows', grid: 'cover-grid' });
  await expect.element(page.getByText('Row 1', { exact: true })).toBeVisible();
  const probe = document.querySelector('.probe') as Element;
  const columns = getComputedStyle(probe).gridTemplateColumns.split(' ').length;
  expect(columns).toBeGreaterThan(1);

  await userEvent.tab();
  await userEvent.keyboard('{ArrowRight}{ArrowDown}');

  await expect.poll(focused).toBe(`Row ${columns + 2}`);
});

test('without a line a list says so, and comes by itself when it is back', async () => {
  let isOffline = true;
  serve(() => {
    if (isOffline) throw new TypeError('no line');
    return { results: rowsIn(1, 3), next: null };
  });
  render(ListScreen, { address: '/api/rows' });
  await expect.element(page.getByText(/^No connection/)).toBeVisible();
  expect(document.querySelector('[role=alert]')).toBeNull();

  isOffline = false;
  window.dispatchEvent(new Event('online'));

  await expect.element(page.getByText('Row 3')).toBeVisible();
});

test('an empty list says what it is, and what the server refuses is tried again by hand', async () => {
  let isRefused = true;
  serve(() => {
    if (isRefused) return Promise.reject(new Response());
    return { results: [], next: null };
  });
  vi.mocked(window.fetch).mockImplementationOnce(async () =>
    Response.json({ code: 'throttled', detail: 'Too often.' }, { status: 429 })
  );
  render(ListScreen, { address: '/api/rows' });
  await expect.element(page.getByText('Too often.')).toBeVisible();

  isRefused = false;
  await page.getByRole('button', { name: 'Try again' }).click();

  await expect.element(page.getByText('Nothing here.')).toBeVisible();
});
