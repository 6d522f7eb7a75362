/** One endless list: its rows so far, where it goes on, and what state it is in. */
import { follow } from '$lib/api/client';
import { ApiError } from '$lib/api/errors';
import type { Batch } from '$lib/api/types';

export interface PagingSnapshot<Row> {
  key: string;
  rows: Row[];
  next: string | null;
  total: number | null;
}

export class Paging<Row> {
  rows = $state.raw<Row[]>([]);
  total = $state<number | null>(null);
  isLoading = $state(true);
  problem = $state.raw<ApiError | null>(null);
  #next = $state.raw<string | null>(null);
  #key = '';
  #running: AbortController | null = null;

  /** The address that the rows answer. */
  get key(): string {
    return this.#key;
  }

  get isEnd(): boolean {
    return !this.isLoading && !this.problem && this.#next === null;
  }

  get isEmpty(): boolean {
    return this.isEnd && this.rows.length === 0;
  }

  /** Starts over from an address; rows of the old question stay until the new answer is there. */
  async start(address: string): Promise<void> {
    this.#key = address;
    this.#next = null;
    await this.#load(address, false);
  }

  /** Forgets all rows: they were somebody else's. */
  clear(): void {
    this.restore({ key: '', rows: [], next: null, total: null });
  }

  async more(): Promise<void> {
    if (this.isLoading || this.problem || this.#next === null) return;
    await this.#load(this.#next, true);
  }

  async retry(): Promise<void> {
    await this.#load(this.#next ?? this.#key, this.#next !== null);
  }

  capture(): PagingSnapshot<Row> {
    return { key: this.#key, rows: this.rows, next: this.#next, total: this.total };
  }

  /** Takes a remembered list back without asking the server; false when it answers another address. */
  restore(snapshot: PagingSnapshot<Row>): void {
    this.#running?.abort();
    this.#key = snapshot.key;
    this.rows = snapshot.rows;
    this.#next = snapshot.next;
    this.total = snapshot.total;
    this.problem = null;
    this.isLoading = false;
  }

  async #load(address: string, isMore: boolean): Promise<void> {
    this.#running?.abort();
    const running = new AbortController();
    this.#running = running;
    this.isLoading = true;
    this.problem = null;
    try {
      const batch = await follow<Batch<Row>>(address, running.signal);
      if (running.signal.aborted) return;
      this.rows = isMore ? [...this.rows, ...batch.results] : batch.results;
      this.#next = batch.next;
      this.total = batch.count ?? null;
      this.isLoading = false;
    } catch (problem) {
      if (running.signal.aborted) return;
      if (!isMore) this.rows = [];
      this.problem = ApiError.from(problem);
      this.isLoading = false;
    }
  }
}
