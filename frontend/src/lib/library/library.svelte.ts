/**
 * What somebody does to their library: shown at once, sent at once, undone by its opposite. What is on
 * its way lies over the items that the server answered, so that nothing has to be put back by hand.
 */
import { api, unwrap } from '$lib/api/client';
import { keepAnswer, refreshOwn, replaceRow } from '$lib/api/queries.svelte';
import type { LibraryItem } from '$lib/api/types';
import { registerPersonalState } from '$lib/auth/personal';
import { perform } from '$lib/ui/acts';
import { SvelteMap } from 'svelte/reactivity';
import { oppositeOf, withChanges, type Change, type Fields } from './changes';
import { itemOfTitleAddress, itemsPath, libraryPath, summaryAddress } from './items';

const underWay = new SvelteMap<number, readonly Change[]>();
let lastAct = 0;

/** An item with all that is being done to it; null while it is being removed. */
export function shownItem(item: LibraryItem): LibraryItem | null {
  return withChanges(item, underWay.get(item.id) ?? []);
}

function show(id: number, change: Change): void {
  underWay.set(id, [...(underWay.get(id) ?? []), change]);
}

/** False where it is not on its way: then it has arrived, or was refused. */
function leaveOut(id: number, change: Change): boolean {
  const all = underWay.get(id) ?? [];
  const rest = all.filter((one) => one !== change);
  if (rest.length) underWay.set(id, rest);
  else underWay.delete(id);
  return rest.length < all.length;
}

/** Changes an item and says so. `item` is as it is shown now. */
export function changeItem(item: LibraryItem, change: Change, text: string): Promise<boolean> {
  const opposite = oppositeOf(change, item);
  const { id } = item;
  lastAct += 1;
  return perform(
    {
      id: `item ${id} ${lastAct}`,
      key: `item ${id}`,
      ...(change.kind === 'step' && { group: `steps ${id}` }),
      apply: () => leaveOut(id, opposite) || show(id, change),
      revert: () => leaveOut(id, change) || show(id, opposite),
      send: () => send(id, change),
      inverse: () => send(id, opposite)
    },
    text
  );
}

async function send(id: number, change: Change): Promise<void> {
  const item = await request(id, change);
  leaveOut(id, change);
  learn(item);
}

function request(id: number, change: Change): Promise<LibraryItem> {
  const path = { id: String(id) };
  if (change.kind === 'step') {
    const body = { by: change.by };
    return unwrap(api.POST('/api/library/items/{id}/progress', { params: { path }, body }));
  }
  const body: Fields = change.kind === 'set' ? change.fields : {};
  return unwrap(api.PATCH('/api/library/items/{id}', { params: { path }, body }));
}

/** Sends what a form holds, which says by itself what was refused. */
export async function saveItem(id: number, fields: Fields): Promise<void> {
  learn(await request(id, { kind: 'set', fields }));
}

/** Items that are being removed are not shown; returns how to show them again. */
export function hideItem(id: number): () => void {
  const change: Change = { kind: 'remove' };
  show(id, change);
  return () => leaveOut(id, change);
}

/** Takes over what the server says of an item, wherever it is shown. */
export function learn(item: LibraryItem): void {
  replaceRow(libraryPath, item.id, item);
  keepItem(item);
  void refreshOwn(summaryAddress);
}

function keepItem(item: LibraryItem): void {
  const question = { address: itemOfTitleAddress(item.title_id), isPersonal: true };
  keepAnswer(question, { next: null, previous: null, results: [item] });
}

/** Asks anew for all that a screen shows of the library, after a change of many items. */
export function refreshLibrary(): Promise<void> {
  return refreshOwn(libraryPath);
}

export type NewItem = Fields &
  (
    | { title_id: number }
    | { title: string; type: LibraryItem['type'] }
    | { external: { site: string; id: string }; type?: LibraryItem['type'] }
  );

export async function addItem(body: NewItem): Promise<LibraryItem> {
  return (await addIfMissing(body)).item;
}

/** What is in the library already stays as it is, but for what the body says. */
export async function addIfMissing(body: NewItem): Promise<{ item: LibraryItem; isNew: boolean }> {
  const call = api.POST('/api/library/items', { body });
  const item: LibraryItem = await unwrap(call);
  keepItem(item);
  void refreshOwn(itemsPath);
  void refreshOwn(summaryAddress);
  return { item, isNew: (await call).response.status === 201 };
}

registerPersonalState({ clear: () => underWay.clear() });
