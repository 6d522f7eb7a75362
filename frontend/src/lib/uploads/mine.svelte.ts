/** My uploads as the server knows them, asked for again while something moves. */
import { api, unwrap } from '$lib/api/client';
import { ApiError } from '$lib/api/errors';
import type { Upload } from '$lib/api/types';
import { registerPersonalState } from '$lib/auth/personal';
import { t } from '$lib/i18n/i18n.svelte';
import { explain } from '$lib/ui/problems';
import { sayDone, sayFailed } from '$lib/ui/toasts.svelte';
import { firstWaitMs, nextWait } from './polling';

class Mine {
  rows = $state.raw<readonly Upload[]>([]);
  isLoaded = $state(false);
  problem = $state.raw<ApiError | null>(null);
  /** Hidden while the server is told that they are withdrawn. */
  leaving = $state.raw<ReadonlySet<number>>(new Set());
  #pages = 1;
  hasMore = $state(false);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waitMs = firstWaitMs;
  #watchers = 0;
  /** Aborted when these are no longer the uploads of the person at this device. */
  #person = new AbortController();

  get shown(): readonly Upload[] {
    return this.rows.filter((row) => !this.leaving.has(row.id));
  }

  /** Polls while a page looks on and the tab is in sight. */
  watch(): () => void {
    this.#watchers += 1;
    const onVisibility = () => {
      clearTimeout(this.#timer);
      if (document.visibilityState === 'visible') void this.refresh();
    };
    document.addEventListener('visibilitychange', onVisibility);
    void this.refresh();
    return () => {
      this.#watchers -= 1;
      clearTimeout(this.#timer);
      document.removeEventListener('visibilitychange', onVisibility);
    };
  }

  /** Asks now, and soon again. */
  async refresh(): Promise<void> {
    this.#waitMs = firstWaitMs;
    await this.#ask();
  }

  async more(): Promise<void> {
    this.#pages += 1;
    await this.refresh();
  }

  /** Withdraws an upload for good: its files are deleted at once. */
  async withdraw(row: Upload, name: string): Promise<void> {
    this.leaving = new Set([...this.leaving, row.id]);
    const params = { path: { id: String(row.id) } };
    try {
      // The tab may be on its way out: the request outlives it.
      await unwrap(api.DELETE('/api/uploads/{id}', { params, keepalive: true }));
      sayDone(t('upload.withdrawn', { chapter: name }));
      await this.refresh();
    } catch (problem) {
      sayFailed(explain(problem));
    }
    this.leaving = new Set([...this.leaving].filter((one) => one !== row.id));
  }

  forget(): void {
    this.#person.abort();
    this.#person = new AbortController();
    clearTimeout(this.#timer);
    this.rows = [];
    this.leaving = new Set();
    this.isLoaded = false;
    this.hasMore = false;
    this.problem = null;
    this.#pages = 1;
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    const { signal } = this.#person;
    let hasChanged = false;
    try {
      const before = new Map(this.rows.map((row) => [row.id, JSON.stringify(row)]));
      const query = { page_size: Math.min(100, 25 * this.#pages) };
      const answer = await unwrap(api.GET('/api/uploads', { params: { query }, signal }));
      if (signal.aborted) return;
      hasChanged = answer.results.some((row) => before.get(row.id) !== JSON.stringify(row));
      this.rows = answer.results;
      this.hasMore = answer.next !== null && query.page_size < 100;
      this.problem = null;
    } catch (caught) {
      if (signal.aborted) return;
      this.problem = ApiError.from(caught);
    }
    this.isLoaded = true;
    this.#plan(hasChanged);
  }

  #plan(hasChanged: boolean): void {
    clearTimeout(this.#timer);
    if (this.#watchers === 0 || document.visibilityState === 'hidden') return;
    const states = this.problem ? ['received'] : this.rows.map((row) => row.state);
    const waitMs = nextWait(states, this.#waitMs, hasChanged);
    if (waitMs === null) return;
    this.#waitMs = waitMs;
    this.#timer = setTimeout(() => void this.#ask(), waitMs);
  }
}

export const mine = new Mine();
registerPersonalState({ clear: () => mine.forget() });
