/** A component that most visits never need, fetched when it is first wanted. */
import { ApiError } from '$lib/api/errors';
import type { Component } from 'svelte';
import { explain } from './problems';
import { sayFailed } from './toasts.svelte';

export interface Lazy<Loaded> {
  /** Undefined until it has come. */
  readonly component: Loaded | undefined;
}

/** From within a component; `ongone` is told where it could not be had. */
// eslint-disable-next-line @typescript-eslint/no-explicit-any -- any component will do
export function createLazy<Loaded extends Component<any, any, any>>(
  isWanted: () => boolean,
  load: () => Promise<{ default: Loaded }>,
  ongone?: () => void
): Lazy<Loaded> {
  let component = $state.raw<Loaded>();
  $effect(() => {
    if (component || !isWanted()) return;
    load().then(
      (loaded) => (component = loaded.default),
      () => {
        ongone?.();
        sayFailed(explain(ApiError.offline()));
      }
    );
  });
  return {
    get component() {
      return component;
    }
  };
}
