/**
 * Found titles on their way into somebody's library: shown as added at once, and taken out again by
 * undo. A title that only a source knows comes into being here with its first item.
 */
import { api, unwrap } from '$lib/api/client';
import { ApiError } from '$lib/api/errors';
import type { FoundTitle, LibraryItem } from '$lib/api/types';
import { registerPersonalState } from '$lib/auth/personal';
import { t } from '$lib/i18n/i18n.svelte';
import type { Status } from '$lib/library/items';
import { addIfMissing, refreshLibrary, saveItem, type NewItem } from '$lib/library/library.svelte';
import { nameOf } from '$lib/titles/names';
import { perform } from '$lib/ui/acts';
import { explain } from '$lib/ui/problems';
import { sayFailed } from '$lib/ui/toasts.svelte';
import { SvelteMap } from 'svelte/reactivity';
import { keyOf } from './search.svelte';

/** `item` is null until the server has it. */
interface Added {
  status: string;
  item: LibraryItem | null;
}

/** A source that has been asked answers soon: then the same is sent again. */
const mostTries = 4;
const defaultStatus: Status = 'planning';

const added = new SvelteMap<string, Added>();
let lastAct = 0;

/** Once it is here, a title that only a source knew is found by its number. */
export function addedAs(found: FoundTitle): Added | undefined {
  const { title_id: id } = found;
  const isIt = ({ item }: Added) => id !== null && item?.title_id === id;
  return added.get(keyOf(found)) ?? [...added.values()].find(isIt);
}

/** Who opens the search anew sees what the server says by then. */
export function forgetAdded(): void {
  added.clear();
}

export function addFound(found: FoundTitle, status: Status): void {
  const key = keyOf(found);
  if (added.has(key)) return;
  let item: LibraryItem | undefined;
  let isNew = true;
  lastAct += 1;
  void perform(
    {
      id: `add ${key} ${lastAct}`,
      key: `add ${key}`,
      apply: () => added.set(key, { status, item: item ?? null }),
      revert: () => added.delete(key),
      send: async () => {
        ({ item, isNew } = await addPatiently(bodyOf(found)));
        // It may have been undone meanwhile.
        if (added.has(key)) added.set(key, { status: isNew ? status : item.status, item });
        if (isNew && status !== defaultStatus) {
          // It is in the library by now, whatever comes of this.
          await saveItem(item.id, { status }).catch((problem: unknown) =>
            sayFailed(explain(problem))
          );
        }
      },
      // What was there before is not what this act has added.
      inverse: async () => {
        if (item && isNew) await takeOut(item);
      }
    },
    t('library.added', { name: nameOf(found) })
  );
}

function bodyOf(found: FoundTitle): NewItem {
  if (found.title_id !== null) return { title_id: found.title_id };
  const { source, source_id: id } = found;
  return { external: { site: source ?? '', id: id ?? '' }, type: found.kind };
}

async function addPatiently(body: NewItem): Promise<{ item: LibraryItem; isNew: boolean }> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await addIfMissing(body);
    } catch (caught) {
      const problem = ApiError.from(caught);
      if (problem.code !== 'source_pending' || tries === mostTries) throw problem;
      const seconds = problem.retrySeconds ?? 1;
      await new Promise((resolve) => setTimeout(resolve, seconds * 1000));
    }
  }
}

async function takeOut({ id }: LibraryItem): Promise<void> {
  await unwrap(api.DELETE('/api/library/items/{id}', { params: { path: { id: String(id) } } }));
  await refreshLibrary();
}

registerPersonalState({ clear: forgetAdded });
