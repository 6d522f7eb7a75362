/**
 * My uploads that are under way, asked for again while something moves. The list of all of them is
 * asked for anew only when one of these has come, gone on or ended.
 */
import { api, getAddress, unwrap } from '$lib/api/client';
import type { Batch, Upload } from '$lib/api/types';
import { registerPersonalState } from '$lib/auth/personal';
import { firstWaitMs, nextWait } from './polling';
import { uploadsAddress } from './filter';

class Mine {
  underWay = $state.raw<ReadonlyMap<number, Upload>>(new Map());
  /** Counts how often a row came, changed its state or ended. */
  changes = $state(0);
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waitMs = firstWaitMs;
  #watchers = 0;
  /** Aborted when these are no longer the uploads of the person at this device. */
  #person = new AbortController();

  /** The newest that is known of a row. */
  current(row: Upload): Upload {
    return this.underWay.get(row.id) ?? row;
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

  /** Ends it for good: its files are deleted at once. */
  async withdraw(row: Upload): Promise<void> {
    const params = { path: { id: String(row.id) } };
    await unwrap(api.DELETE('/api/uploads/{id}', { params }));
    await this.refresh();
  }

  clear(): void {
    this.#person.abort();
    this.#person = new AbortController();
    clearTimeout(this.#timer);
    this.underWay = new Map();
  }

  async #ask(): Promise<void> {
    clearTimeout(this.#timer);
    const { signal } = this.#person;
    let states = ['received'];
    let hasMoved = false;
    try {
      const answer = await getAddress<Batch<Upload>>(uploadsAddress('moving'), signal);
      if (signal.aborted) return;
      const before = this.underWay;
      this.underWay = new Map(answer.results.map((row) => [row.id, row]));
      states = answer.results.map(({ state }) => state);
      const isSame = (row: Upload) => before.get(row.id)?.state === row.state;
      const isUnchanged = before.size === states.length && answer.results.every(isSame);
      if (!isUnchanged) this.changes += 1;
      hasMoved = JSON.stringify([...before.values()]) !== JSON.stringify(answer.results);
    } catch {
      // Asked again: the list says what is wrong.
      if (signal.aborted) return;
    }
    this.#plan(states, hasMoved);
  }

  #plan(states: readonly string[], hasMoved: boolean): void {
    clearTimeout(this.#timer);
    if (this.#watchers === 0 || document.visibilityState === 'hidden') return;
    const waitMs = nextWait(states, this.#waitMs, hasMoved);
    if (waitMs === null) return;
    this.#waitMs = waitMs;
    this.#timer = setTimeout(() => void this.#ask(), waitMs);
  }
}

export const mine = new Mine();
registerPersonalState({ clear: () => mine.clear() });
