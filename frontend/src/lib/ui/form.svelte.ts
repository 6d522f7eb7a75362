/** One form while it is filled in and sent: what went wrong, and at which field. */
import { ApiError } from '$lib/api/errors';
import { getContext, setContext } from 'svelte';

const contextKey = Symbol('form');
const none: readonly string[] = [];

const wrong = ':is(input, select, textarea)[aria-invalid="true"], [aria-invalid="true"] input';

/** Leads to what went wrong: the first field, or what stands above all of them. */
export function focusProblem(element: HTMLElement | undefined): void {
  element?.querySelector<HTMLElement>(`[data-alert], ${wrong}`)?.focus();
}

export class FormState {
  isBusy = $state(false);
  problem = $state.raw<ApiError | null>(null);
  /** The fields on the screen; what the server says of others stands above the form. */
  readonly #names = new Set<string>();

  static provide(): FormState {
    return setContext(contextKey, new FormState());
  }

  /** The form around a field; a field may also stand alone. */
  static around(name: string | undefined): FormState | undefined {
    const form = getContext<FormState | undefined>(contextKey);
    if (form && name) form.#names.add(name);
    return form;
  }

  errorsOf(name: string | undefined): readonly string[] {
    return (name && this.problem?.fields[name]) || none;
  }

  /** What no field says: the sentences of unknown fields, or null where a field says it all. */
  get strayErrors(): readonly string[] | null {
    const fields = Object.entries(this.problem?.fields ?? {});
    if (!this.problem || fields.length === 0) return this.problem ? none : null;
    const strays = fields.filter(([name]) => !this.#names.has(name)).flatMap(([, text]) => text);
    return strays.length ? strays : null;
  }

  refuse(fields: Record<string, string[]>): void {
    this.problem = new ApiError('invalid', '', 400, fields);
  }

  /** Sends once at a time; false when it failed, with the reason in `problem`. */
  async send(work: () => Promise<unknown>): Promise<boolean> {
    if (this.isBusy) return false;
    this.isBusy = true;
    this.problem = null;
    try {
      await work();
      return true;
    } catch (caught) {
      this.problem = ApiError.from(caught);
      return false;
    } finally {
      this.isBusy = false;
    }
  }
}
