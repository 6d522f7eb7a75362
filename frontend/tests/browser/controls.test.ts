import axe from 'axe-core';
import { beforeEach, expect, test, vi } from 'vitest';
import { page, userEvent } from 'vitest/browser';
import { render } from 'vitest-browser-svelte';
import '../../src/app.css';
import { loadLanguage } from '../../src/lib/i18n/i18n.svelte';
import { isBehindDialog } from '../../src/lib/ui/keyScopes';
import { dismissToast, sayDone, sayFailed, toasts } from '../../src/lib/ui/toasts.svelte';
import BrokenScreen from './BrokenScreen.svelte';
import Controls from './Controls.svelte';

beforeEach(async () => {
  for (const { id } of [...toasts]) dismissToast(id);
  await loadLanguage('en');
});

const remove = page.getByRole('button', { name: 'Remove', exact: true });
const focused = () => document.activeElement?.textContent?.trim();

/** Waits until nothing moves; what was cancelled, such as by leaving the page, has ended too. */
async function animationsEnded(): Promise<void> {
  await Promise.allSettled(document.getAnimations().map(({ finished }) => finished));
}

async function wrongThings(): Promise<string[]> {
  const { violations } = await axe.run(document, {
    // The page around is the test runner's.
    rules: { 'document-title': { enabled: false }, 'html-has-lang': { enabled: false } }
  });
  return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}

test('a dialog has the keys while it is open, and gives the focus back', async () => {
  render(Controls);
  remove.element().focus();
  await userEvent.keyboard('{Enter}');
  await expect.element(page.getByRole('dialog')).toBeVisible();
  expect(isBehindDialog()).toBe(true);

  await userEvent.keyboard('{Escape}');

  await expect.element(page.getByRole('dialog')).not.toBeInTheDocument();
  await expect.poll(focused).toBe('Remove');
  expect(isBehindDialog()).toBe(false);
});

test('what opened a dialog may be gone after it: then the focus comes to the page', async () => {
  render(Controls);
  await remove.click();

  await page.getByRole('button', { name: 'Remove it' }).click();

  await expect.element(remove).not.toBeInTheDocument();
  await expect.poll(() => document.activeElement?.id).toBe('content');
});

test('closing a message by key leads back to where the focus was', async () => {
  render(Controls);
  remove.element().focus();
  sayFailed('It did not work.');
  await expect.element(page.getByText('It did not work.')).toBeVisible();

  page.getByTestId('toast').getByRole('button').element().focus();
  await userEvent.keyboard('{Enter}');

  await expect.element(page.getByText('It did not work.')).not.toBeInTheDocument();
  await expect.poll(focused).toBe('Remove');
});

test('nothing that screens are made of hinders anybody', async () => {
  render(Controls);
  sayDone('It is done.', () => undefined);
  await page.getByRole('button', { name: 'Save' }).click();
  await expect.element(page.getByText('It is done.')).toBeVisible();
  await animationsEnded();
  expect(await wrongThings()).toEqual([]);

  await remove.click();
  await expect.element(page.getByRole('dialog')).toBeVisible();
  await animationsEnded();

  expect(await wrongThings()).toEqual([]);
});

test('an error of a screen stays in it, and can be tried again', async () => {
  const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
  render(BrokenScreen);
  await page.getByRole('button', { name: 'Break' }).click();
  await expect.element(page.getByText(/^This screen stopped working/)).toBeVisible();
  expect(said).toHaveBeenCalledOnce();

  await page.getByRole('button', { name: 'Mend' }).click();
  await page.getByRole('button', { name: 'Try again' }).click();

  await expect.element(page.getByText('It works')).toBeVisible();
});
