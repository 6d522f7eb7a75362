import { beforeEach, expect, test, vi } from 'vitest';
import { page } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import '../../src/app.css';
import { loadLanguage } from '../../src/lib/i18n/i18n.svelte';
import { dismissToast, toasts } from '../../src/lib/ui/toasts.svelte';
import LazyDialog from './LazyDialog.svelte';

const { check } = vi.hoisted(() => ({ check: vi.fn<() => Promise<boolean>>() }));
vi.mock('$app/state', () => ({ updated: { check } }));

const gone = () => Promise.reject(new TypeError('Failed to fetch dynamically imported module'));
const opener = page.getByRole('button', { name: 'Open' });
const reload = page.getByRole('button', { name: 'Reload' });

beforeEach(async () => {
  for (const { id } of [...toasts]) dismissToast(id);
  await loadLanguage('en');
});

test('a part that an update took away offers to reload, and leaves what is typed alone', async () => {
  check.mockResolvedValue(true);
  render(LazyDialog, { load: gone });
  await page.getByLabelText('Name').fill('Manas');

  await opener.click();

  await expect.element(reload).toBeVisible();
  await expect.element(page.getByText(/has been updated/)).toBeVisible();
  await expect.element(page.getByLabelText('Name')).toHaveValue('Manas');
});

test('a part that did not come for want of a line says so, and comes when it is asked for again', async () => {
  check.mockResolvedValue(false);
  const load = vi
    .fn(() => import('../../src/lib/ui/DialogSheet.svelte'))
    .mockImplementationOnce(gone);
  render(LazyDialog, { load });
  await opener.click();
  await expect.element(page.getByText(/No connection/)).toBeVisible();
  await expect.element(reload).not.toBeInTheDocument();

  await opener.click();

  await expect.element(page.getByRole('dialog', { name: 'Here' })).toBeVisible();
});
