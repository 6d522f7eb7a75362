/** The menu's way to what the sources say of a title by now, for moderators and who keeps the title. */
import { createAnswer } from '$lib/api/queries.svelte';
import type { Batch, LibraryItem, Title } from '$lib/api/types';
import { session } from '$lib/auth/session.svelte';
import { t, withWords } from '$lib/i18n/i18n.svelte';
import { itemOfTitleAddress } from '$lib/library/items';
import { createLazy } from '$lib/ui/lazy.svelte';
import type { MenuItem } from '$lib/ui/Menu.svelte';

export function createRefreshing(title: () => Title | undefined) {
  let isOpen = $state(false);
  // The same question as of what somebody keeps of it, which the page shows anyway.
  const kept = createAnswer<Batch<LibraryItem>>(() => {
    const id = title()?.id;
    return { address: id === undefined ? null : itemOfTitleAddress(id), isPersonal: true };
  });
  const dialog = createLazy(
    () => isOpen,
    () => withWords('sources', import('$lib/sources/RefreshDialog.svelte')),
    () => (isOpen = false)
  );
  const isKnown = $derived(
    Object.values(title()?.external_ids ?? {}).some((one) => one !== null && one !== '')
  );
  const may = $derived(
    isKnown && session.me && (session.me.permissions.moderate || kept.data?.results.length)
  );
  const items = $derived<MenuItem[]>(
    may ? [{ icon: 'retry', text: t('series.refresh'), onselect: () => void (isOpen = true) }] : []
  );
  return {
    get items() {
      return items;
    },
    get dialog() {
      return dialog.component;
    },
    get isOpen() {
      return isOpen;
    },
    set isOpen(next) {
      isOpen = next;
    }
  };
}
