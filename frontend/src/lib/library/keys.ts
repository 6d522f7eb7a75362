/** The keys of the library, by which the screen acts and which the page of keys shows. */
import type { TextKey } from '$lib/i18n/catalogue';

export type LibraryAction = 'next' | 'previous' | 'more' | 'less' | 'select' | 'edit';

export interface LibraryBinding {
  action: LibraryAction;
  label: TextKey;
  keys: readonly string[];
}

export const libraryBindings: readonly LibraryBinding[] = [
  { action: 'next', label: 'keys.library.next', keys: ['j'] },
  { action: 'previous', label: 'keys.library.previous', keys: ['k'] },
  // On many layouts + is Shift and =.
  { action: 'more', label: 'keys.library.more', keys: ['+', '='] },
  { action: 'less', label: 'keys.library.less', keys: ['-'] },
  { action: 'select', label: 'keys.library.select', keys: ['x'] },
  { action: 'edit', label: 'keys.library.edit', keys: ['e'] }
];
