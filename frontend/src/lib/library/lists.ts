/** Own lists: made, changed, and filled with titles. */
import { api, unwrap } from '$lib/api/client';
import { refreshOwn } from '$lib/api/queries.svelte';
import type { LibraryList } from '$lib/api/types';
import { listsPath } from './items';

export interface ListFields {
  name?: string;
  description?: string;
  public?: boolean;
}

export async function makeList(fields: ListFields & { name: string }): Promise<LibraryList> {
  const list: LibraryList = await unwrap(api.POST('/api/library/lists', { body: fields }));
  void refreshOwn(listsPath);
  return list;
}

export async function changeList(id: number, fields: ListFields): Promise<LibraryList> {
  const params = { path: { id: String(id) } };
  const list: LibraryList = await unwrap(
    api.PATCH('/api/library/lists/{id}', { params, body: fields })
  );
  void refreshOwn(listsPath);
  return list;
}

export async function deleteList(id: number): Promise<void> {
  const params = { path: { id: String(id) } };
  await unwrap(api.DELETE('/api/library/lists/{id}', { params }));
  void refreshOwn(listsPath);
}

/** Positions count from 1; without one a new title comes last. */
export async function putIntoList(id: number, titleId: number, position?: number): Promise<void> {
  const params = { path: { id: String(id) } };
  const body = { title_id: titleId, ...(position !== undefined && { position }) };
  await unwrap(api.POST('/api/library/lists/{id}/items', { params, body }));
  await refreshOwn(listsPath);
}

export async function takeOutOfList(id: number, titleId: number): Promise<void> {
  const params = { path: { id: String(id), title_id: String(titleId) } };
  await unwrap(api.DELETE('/api/library/lists/{id}/items/{title_id}', { params }));
  await refreshOwn(listsPath);
}
