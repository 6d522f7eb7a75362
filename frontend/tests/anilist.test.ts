import './fakeBrowser.ts';
import assert from 'node:assert/strict';
import { beforeAll, test } from 'vitest';
import { hasEnded, waitOf } from '../src/lib/anilist/account.svelte.ts';
import { linesOfRow, resultText } from '../src/lib/anilist/words.ts';
import type { AniListStatus } from '../src/lib/api/types.ts';
import { loadLanguage, needWords } from '../src/lib/i18n/i18n.svelte.ts';

const status = (more: Partial<AniListStatus>) =>
  ({
    state: 'connected',
    is_paused: false,
    is_reading: false,
    waiting: 0,
    ...more
  }) as AniListStatus;

beforeAll(async () => {
  await loadLanguage('en');
  await needWords('anilist');
});

test('a row of an import says each field in words, with its value before where there was one', () => {
  const fields = {
    title: ['Manas'],
    status: ['planning → current'],
    score: ['– → 70'],
    private: ['False → True'],
    progress: ['5']
  };

  assert.deepEqual(linesOfRow({ fields }, 'points10'), [
    { field: 'Status', from: 'Planned', to: 'In progress' },
    { field: 'Score', from: '—', to: '7' },
    { field: 'Private', from: 'no', to: 'yes' },
    { field: 'Progress', from: null, to: '5' }
  ]);
});

test('what the last reading found is named by its counts, and nothing by itself', () => {
  assert.equal(
    resultText({ entries: 9, added: 2, changed: 0, conflicts: 1 }),
    '2 added · 1 conflict'
  );
  assert.equal(resultText({ entries: 9 }), 'nothing new');
});

test('the status is asked for again only while something moves', () => {
  assert.equal(waitOf(undefined), null);
  assert.equal(waitOf(status({})), null);
  assert.ok(waitOf(status({ is_reading: true })));
  assert.ok(waitOf(status({ state: 'connecting' })));
  assert.ok(waitOf(status({ waiting: 3 })));
  assert.equal(waitOf(status({ waiting: 3, is_paused: true })), null);
  assert.equal(waitOf(status({ waiting: 3, state: 'expired' })), null);
});

test('a connection that has ended is one that was there', () => {
  assert.deepEqual(
    (['', 'failed', 'connecting', 'connected', 'expired', 'revoked'] as const).filter((state) =>
      hasEnded({ state })
    ),
    ['expired', 'revoked']
  );
});
