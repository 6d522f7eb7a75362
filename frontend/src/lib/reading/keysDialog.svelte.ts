/** The page of keys, which any screen may open, and whether characters are keys at all. */
import { readLocal, writeLocal } from '$lib/ui/storage';

const charactersKey = 'mangakg.keys.characters';

let isOpen = $state(false);
let hasCharacters = $state(readLocal(charactersKey) !== 'off');

export const keysDialog = {
  get isOpen() {
    return isOpen;
  },
  set isOpen(next: boolean) {
    isOpen = next;
  },
  /** Whether letters, digits and signs are shortcuts; kept on this device. */
  get hasCharacters() {
    return hasCharacters;
  },
  set hasCharacters(next: boolean) {
    hasCharacters = next;
    writeLocal(charactersKey, next ? null : 'off');
  }
};

export function openKeysDialog(): void {
  isOpen = true;
}
