/** Which items are chosen for a change of many: one by one, or all that the filters leave. */
import { SvelteSet } from 'svelte/reactivity';

export class Selection {
  readonly #ids = new SvelteSet<number>();
  /** Whether marks are shown although nothing is chosen yet. */
  #isAsked = $state(false);
  /** All that the filters leave, those too that are not on the screen yet. */
  #isAll = $state(false);

  get isOn(): boolean {
    return this.#isAsked || this.#isAll || this.#ids.size > 0;
  }

  get isAll(): boolean {
    return this.#isAll;
  }

  get ids(): number[] {
    return [...this.#ids];
  }

  get count(): number {
    return this.#ids.size;
  }

  has(id: number): boolean {
    return this.#isAll || this.#ids.has(id);
  }

  ask(): void {
    this.#isAsked = true;
  }

  turn(id: number): void {
    this.#isAll = false;
    if (!this.#ids.delete(id)) this.#ids.add(id);
  }

  all(shown: readonly { id: number }[]): void {
    for (const { id } of shown) this.#ids.add(id);
    this.#isAll = true;
  }

  clear(): void {
    this.#ids.clear();
    this.#isAsked = false;
    this.#isAll = false;
  }
}
