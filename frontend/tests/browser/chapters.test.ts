import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import '../../src/app.css';
import { queryClient } from '../../src/lib/api/queries.svelte';
import type { ChapterRow, SeriesDetail } from '../../src/lib/api/types';
import ChapterList from '../../src/lib/chapters/ChapterList.svelte';
import { loadLanguage } from '../../src/lib/i18n/i18n.svelte';
import { preferences } from '../../src/lib/preferences.svelte';
import MainButton from '../../src/lib/titles/MainButton.svelte';

const goto = vi.hoisted(() => vi.fn());
vi.mock('$app/navigation', () => ({ goto }));
vi.mock('$app/state', () => ({ page: { url: new URL('https://here.test/series/manas') } }));

const alaToo = { id: 1, slug: 'ala-too', name: 'Ala-Too', count: 2 };
const steppe = { id: 2, slug: 'steppe', name: 'Steppe', count: 1 };
const chapter = (id: number, number: string, language: string, group: typeof steppe) => ({
  id,
  number,
  language,
  group,
  volume: null,
  title: `${language} ${number}`,
  page_count: 5,
  published_at: '2026-11-01T00:00:00Z'
});
const chapters: ChapterRow[] = [
  chapter(5, '4', 'ky', alaToo),
  chapter(4, '2', 'ru', steppe),
  chapter(3, '2', 'ky', alaToo)
];
const title = {
  slug: 'manas',
  groups: [alaToo, steppe],
  numbers_restart_per_volume: false,
  chapter_languages: [
    { language: 'en', count: 7 },
    { language: 'ky', count: 2 },
    { language: 'ru', count: 1 }
  ],
  first_chapters: [chapter(1, '1', 'en', steppe), chapter(3, '2', 'ky', alaToo)]
} as unknown as SeriesDetail;
const asked: string[] = [];

beforeEach(async () => {
  localStorage.clear();
  queryClient.clear();
  asked.length = 0;
  await loadLanguage('en');
  await preferences.setLanguages(['ky', 'ru']);
  vi.spyOn(window, 'fetch').mockImplementation(async (input) => {
    asked.push(new URL((input as Request).url).search);
    return Response.json({ results: chapters, next: null, count: chapters.length });
  });
});
afterEach(() => vi.restoreAllMocks());

test('chapters are those of the reader, one row for a number, the others folded', async () => {
  render(ChapterList, { title, positions: {}, onmark: () => undefined });

  await expect.element(page.getByRole('link', { name: /^Chapter 4: ky 4/ })).toBeVisible();
  expect(asked).toEqual(['?language=ky&language=ru&ordering=newest&page_size=100']);
  await expect.element(page.getByRole('link', { name: /^Chapter 2: ky 2/ })).toBeVisible();
  expect(page.getByTestId('chapter-row').elements().length).toBe(2);
  await expect.element(page.getByText('Chapter 3 is missing')).toBeVisible();

  await page.getByTestId('unfold').click();
  await expect.element(page.getByTestId('release')).toHaveAttribute('href', '/read/4');

  await page.getByTestId('other-languages').click();
  expect(goto.mock.lastCall?.[0]).toBe('/series/manas?language=any');
});

test('a group is chosen with its count, and the address says it', async () => {
  render(ChapterList, { title, positions: {}, onmark: () => undefined });

  await page.getByLabelText('Translated by').selectOptions('Steppe (1)');

  expect(goto.mock.lastCall?.[0]).toBe('/series/manas?group=steppe');
});

test('reading starts in the language of the reader', async () => {
  render(MainButton, { title, positions: {} });

  await expect.element(page.getByTestId('main-button')).toHaveAttribute('href', '/read/3');
});
