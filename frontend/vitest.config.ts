import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';

const names = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The system's Chromium: named by CHROMIUM, or found where programs are. */
function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return [process.env.CHROMIUM ?? '', ...paths].find((path) => path && isProgram(path));
}

const chromium = findChromium();
if (!chromium) console.warn('No Chromium is found: the components are not tested in a browser.');

const inBrowser = {
  extends: true,
  test: {
    name: 'components',
    include: ['tests/browser/*.test.ts'],
    // Nothing here is about speed: a busy machine only takes longer.
    testTimeout: 60_000,
    expect: { poll: { timeout: 20_000 } },
    browser: {
      enabled: true,
      headless: true,
      screenshotFailures: false,
      viewport: { width: 800, height: 600 },
      provider: playwright({
        launchOptions: { ...(chromium && { executablePath: chromium }), args: ['--no-sandbox'] }
      }),
      instances: [{ browser: 'chromium' as const }]
    }
  }
} as const;

export default defineConfig({
  plugins: [tailwindcss(), sveltekit()],
  test: {
    maxWorkers: 2,
    projects: [
      { extends: true, test: { name: 'logic', include: ['tests/*.test.ts'] } },
      ...(chromium ? [inBrowser] : [])
    ]
  }
});
