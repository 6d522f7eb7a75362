/** A component that most visits never need, fetched when it is first wanted. */
import { updated } from '$app/state';
import { ApiError } from '$lib/api/errors';
import { t } from '$lib/i18n/i18n.svelte';
import type { Component } from 'svelte';
import { explain } from './problems';
import { sayFailed, sayOutdated } from './toasts.svelte';

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
        void tellWhy();
      }
    );
  });
  return {
    get component() {
      return component;
    }
  };
}

/** After an update of the site its file is no longer there; nothing typed is lost by hearing so. */
async function tellWhy(): Promise<void> {
  if (await updated.check()) sayOutdated(t('state.outdated'));
  else sayFailed(explain(ApiError.offline()));
}
