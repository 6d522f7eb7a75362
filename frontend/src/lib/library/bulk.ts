/** Changes of many items at once, which the server does as a job and can undo as a whole. */
import { api, unwrap } from '$lib/api/client';
import type { Job, LibraryItem } from '$lib/api/types';
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
  delete?: true;
}

/** Does what can be done and says how many it was; true where the server took it. */
export async function changeMany(chosen: Chosen, change: BulkChange): Promise<boolean> {
  try {
    const body = { ...chosen, ...change, mode: 'best_effort' as const };
    const job: Job = await unwrap(api.POST('/api/library/bulk', { body }));
    await refreshLibrary();
    const { done = 0, skipped = 0, failed = 0 } = job.outcome;
    const words = change.delete ? 'library.bulk.deleted' : 'library.bulk.changed';
    const rest = skipped + failed;
    const text = [counted(words, done), ...(rest ? [counted('library.bulk.left', rest)] : [])];
    sayDone(text.join(' '), done && job.can_undo ? () => void undoJob(job.id) : undefined);
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
    const body = { ids: [item.id], delete: true, mode: 'all_or_nothing' as const };
    const job: Job = await unwrap(api.POST('/api/library/bulk', { body }));
    sayDone(t('library.removed', { name: itemName(item) }), () => void undoJob(job.id));
    await refreshLibrary();
  } catch (problem) {
    sayFailed(explain(problem));
  } finally {
    showAgain();
  }
}

export async function undoJob(id: number): Promise<void> {
  try {
    await unwrap(api.POST('/api/jobs/{id}/undo', { params: { path: { id: String(id) } } }));
    await refreshLibrary();
    sayDone(t('library.undone'));
  } catch (problem) {
    sayFailed(explain(problem));
  }
}
