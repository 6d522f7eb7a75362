/** How the library is laid out; kept on this device. */
import { readLocal, writeLocal } from '$lib/ui/storage';

export const views = ['grid', 'compact', 'table'] as const;
export type View = (typeof views)[number];

const storageKey = 'mangakg.library.view';
let view = $state<View>(views.find((one) => one === readLocal(storageKey)) ?? 'grid');

export function currentView(): View {
  return view;
}

export function chooseView(next: View): void {
  view = next;
  writeLocal(storageKey, next);
}
