/** The acts of the library's buttons and keys, with what each says. */
import type { LibraryItem } from '$lib/api/types';
import { say, t } from '$lib/i18n/i18n.svelte';
import { stepped, type Fields } from './changes';
import { isStepped, type Status } from './items';
import { changeItem } from './library.svelte';
import { itemName, progressText, statusName } from './words';

export function step(item: LibraryItem, by: 1 | -1): void {
  if (!isStepped(item)) return;
  const progress = stepped(item, by);
  if (progress === item.progress) return;
  const text = `${itemName(item)}: ${progressText({ ...item, progress })}`;
  void changeItem(item, { kind: 'step', by }, text);
}

export function setStatus(item: LibraryItem, status: Status): void {
  if (status === item.status) return;
  set(
    item,
    { status },
    t('library.said.status', { name: itemName(item), status: statusName(status) })
  );
}

/** `text` is the score as it is shown; null takes it away. */
export function setScore(item: LibraryItem, score: number | null, text: string): void {
  if (score === item.score) return;
  const name = itemName(item);
  set(
    item,
    { score },
    score === null
      ? t('library.said.unscored', { name })
      : t('library.said.score', { name, score: text })
  );
}

export function setFavourite(item: LibraryItem, favourite: boolean): void {
  const words = favourite ? 'library.said.favourite' : 'library.said.unfavourite';
  set(item, { favourite }, t(words, { name: itemName(item) }));
}

export function setProgress(item: LibraryItem, progress: number): void {
  if (progress === item.progress) return;
  const text = t('library.said.progress', { name: itemName(item), progress: say.number(progress) });
  set(item, { progress }, text);
}

export function set(item: LibraryItem, fields: Fields, text: string): void {
  void changeItem(item, { kind: 'set', fields }, text);
}
