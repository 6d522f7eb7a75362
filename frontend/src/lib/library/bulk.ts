/** Changes of many items at once, which the server does as a job and can undo as a whole. */
import { api, unwrap } from '$lib/api/client';
import { undoJob } from '$lib/api/jobs';
import type { LibraryItem } from '$lib/api/types';
import { counted, t } from '$lib/i18n/i18n.svelte';
import { explain } from '$lib/ui/problems';
import { sayDone, sayFailed } from '$lib/ui/toasts.svelte';
import type { Fields } from './changes';
import { hideItem, refreshLibrary } from './library.svelte';
import { itemName } from './words';

export type Chosen = { ids: number[] } | { filter: Record<string, string | string[]> };

export interface BulkChange {
  set?: Pick<Fields, 'status' | 'score' | 'favourite' | 'private'> & {
    add_tags?: string[];
    remove_tags?: string[];
  };
  add_to_list?: number;
}
export type BulkAct = BulkChange | 'remove';

/** Does what can be done and says how many it was; true where the server took it. */
export async function changeMany(chosen: Chosen, act: BulkAct): Promise<boolean> {
  try {
    const job = await send(chosen, act);
    await refreshLibrary();
    const { done, skipped, failed } = job.outcome;
    const rest = skipped + failed;
    const words = act === 'remove' ? 'library.bulk.deleted' : 'library.bulk.changed';
    const text = [counted(words, done), ...(rest ? [counted('library.bulk.left', rest)] : [])];
    sayDone(text.join(' '), done && job.can_undo ? () => void undo(job.id) : undefined);
    return true;
  } catch (problem) {
    sayFailed(explain(problem));
    return false;
  }
}

/** Removes one item, by a job too, so that undoing brings back its history as well. */
export async function removeItem(item: LibraryItem): Promise<void> {
  const showAgain = hideItem(item.id);
  try {
    const { id } = await send({ ids: [item.id] }, 'remove');
    sayDone(t('library.removed', { name: itemName(item) }), () => void undo(id));
    await refreshLibrary();
  } catch (problem) {
    sayFailed(explain(problem));
  } finally {
    showAgain();
  }
}

function send(chosen: Chosen, act: BulkAct) {
  const change = act === 'remove' ? { delete: true } : { ...act, delete: false };
  const body = { ...chosen, ...change, mode: 'best_effort' as const };
  return unwrap(api.POST('/api/library/bulk', { body }));
}

async function undo(id: number): Promise<void> {
  try {
    await undoJob(id);
    await refreshLibrary();
    sayDone(t('library.undone'));
  } catch (problem) {
    sayFailed(explain(problem));
  }
}
