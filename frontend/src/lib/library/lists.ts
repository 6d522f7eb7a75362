/** Own lists: made, changed, and filled with titles. */
import { api, unwrap } from '$lib/api/client';
import { refreshOwn } from '$lib/api/queries.svelte';
import type { LibraryList } from '$lib/api/types';
import { listsAddress } from './items';

export interface ListFields {
  name?: string;
  description?: string;
  public?: boolean;
}

export async function makeList(fields: ListFields & { name: string }): Promise<LibraryList> {
  const list: LibraryList = await unwrap(api.POST('/api/library/lists', { body: fields }));
  void refreshOwn(listsAddress);
  return list;
}

export async function changeList(id: number, fields: ListFields): Promise<LibraryList> {
  const params = { path: { id: String(id) } };
  const list: LibraryList = await unwrap(
    api.PATCH('/api/library/lists/{id}', { params, body: fields })
  );
  void refreshOwn(listsAddress);
  return list;
}

export async function deleteList(id: number): Promise<void> {
  const params = { path: { id: String(id) } };
  await unwrap(api.DELETE('/api/library/lists/{id}', { params }));
  void refreshOwn(listsAddress);
}

export async function putIntoList(
  { id }: Pick<LibraryList, 'id'>,
  titleId: number,
  isIn: boolean
): Promise<void> {
  if (isIn) {
    const params = { path: { id: String(id) } };
    const body = { title_id: titleId };
    await unwrap(api.POST('/api/library/lists/{id}/items', { params, body }));
  } else {
    const params = { path: { id: String(id), title_id: String(titleId) } };
    await unwrap(api.DELETE('/api/library/lists/{id}/items/{title_id}', { params }));
  }
  void refreshOwn(listsAddress);
}
