/**
 * The one table of keys, taps and swipes. The reader acts by it and the page of keys shows it, so
 * that neither can say what the other does not do.
 */
import type { TextKey } from '$lib/i18n/catalogue.ts';

export type Action =
  | 'next'
  | 'previous'
  | 'left'
  | 'right'
  | 'down'
  | 'up'
  | 'first'
  | 'last'
  | 'bar'
  | 'fullscreen'
  | 'chapter.next'
  | 'chapter.previous'
  | 'double'
  | 'shift'
  | 'fit'
  | 'zoom'
  | 'leave'
  | 'help'
  | 'search';
export type Zone = 'left' | 'middle' | 'right';
export type Swipe = 'left' | 'right';
export type Mode = 'rtl' | 'ltr' | 'strip';

export interface Binding {
  action: Action;
  label: TextKey;
  /** Values of KeyboardEvent.key; "Shift+" before the ones that need it. */
  keys: readonly string[];
  tap?: Zone;
  swipe?: Swipe;
  gesture?: 'pinch';
  isEverywhere?: boolean;
}

export const bindings: readonly Binding[] = [
  { action: 'right', label: 'keys.right', keys: ['ArrowRight', 'd'], tap: 'right', swipe: 'left' },
  { action: 'left', label: 'keys.left', keys: ['ArrowLeft', 'a'], tap: 'left', swipe: 'right' },
  { action: 'next', label: 'keys.next', keys: [' ', 'PageDown', 'j'] },
  { action: 'previous', label: 'keys.previous', keys: ['Shift+ ', 'PageUp', 'k'] },
  { action: 'down', label: 'keys.down', keys: ['ArrowDown'] },
  { action: 'up', label: 'keys.up', keys: ['ArrowUp'] },
  { action: 'first', label: 'keys.first', keys: ['Home'] },
  { action: 'last', label: 'keys.last', keys: ['End'] },
  { action: 'chapter.next', label: 'keys.chapter.next', keys: ['n'] },
  { action: 'chapter.previous', label: 'keys.chapter.previous', keys: ['p'] },
  { action: 'bar', label: 'keys.bar', keys: ['m'], tap: 'middle' },
  { action: 'double', label: 'keys.double', keys: ['2'] },
  { action: 'shift', label: 'keys.shift', keys: ['o'] },
  { action: 'fit', label: 'keys.fit', keys: ['w'] },
  { action: 'zoom', label: 'keys.zoom', keys: ['z'], gesture: 'pinch' },
  { action: 'fullscreen', label: 'keys.fullscreen', keys: ['f'] },
  { action: 'leave', label: 'keys.leave', keys: ['Escape'] },
  { action: 'search', label: 'keys.search', keys: ['/'], isEverywhere: true },
  { action: 'help', label: 'keys.help', keys: ['?'], isEverywhere: true }
];

/** The same letters on a Russian or Kyrgyz layout, where `n` arrives as «т». */
const cyrillicTwins: Record<string, string> = {
  в: 'd',
  ф: 'a',
  о: 'j',
  л: 'k',
  т: 'n',
  з: 'p',
  ч: 'x',
  ь: 'm',
  ц: 'w',
  я: 'z',
  щ: 'o',
  а: 'f'
};

interface Pressed {
  key: string;
  shiftKey: boolean;
  ctrlKey?: boolean;
  altKey?: boolean;
  metaKey?: boolean;
}

/** A letter, digit or sign; speech input may say one by mistake (WCAG 2.1.4). */
export function isCharacter(key: string): boolean {
  return key.length === 1 && key !== ' ';
}

/** The row of a table of keys that a key means; without `hasCharacters` only keys that write nothing
 * mean anything. */
export function bindingForKey<Row extends { keys: readonly string[] }>(
  table: readonly Row[],
  pressed: Pressed,
  hasCharacters = true
): Row | undefined {
  if (pressed.ctrlKey || pressed.altKey || pressed.metaKey) return undefined;
  if (!hasCharacters && isCharacter(pressed.key)) return undefined;
  const lower = pressed.key.length === 1 ? pressed.key.toLowerCase() : pressed.key;
  const key = cyrillicTwins[lower] ?? lower;
  const name = pressed.shiftKey && key === ' ' ? 'Shift+ ' : key;
  return table.find((binding) => binding.keys.includes(name));
}

export function actionForKey(pressed: Pressed, hasCharacters = true): Action | null {
  return bindingForKey(bindings, pressed, hasCharacters)?.action ?? null;
}

/** A strip is scrolled by hand, so a tap anywhere in it means the bar. */
export function zoneAt(x: number, width: number, mode: Mode): Zone {
  if (mode === 'strip') return 'middle';
  return x < width * 0.3 ? 'left' : x > width * 0.7 ? 'right' : 'middle';
}

export function actionForTap(x: number, width: number, mode: Mode): Action | null {
  const wanted = zoneAt(x, width, mode);
  return bindings.find((binding) => binding.tap === wanted)?.action ?? null;
}

/** A swipe counts when it is far or quick enough and more across than along. */
export function actionForSwipe(move: {
  dx: number;
  dy: number;
  width: number;
  ms: number;
}): Action | null {
  const distance = Math.abs(move.dx);
  const isQuick = distance > 24 && distance / Math.max(1, move.ms) > 0.4;
  if (distance < Math.abs(move.dy) * 1.2 || (distance < move.width * 0.2 && !isQuick)) return null;
  const swipe: Swipe = move.dx < 0 ? 'left' : 'right';
  return bindings.find((binding) => binding.swipe === swipe)?.action ?? null;
}

/** Left and right mean forward or back by the direction of reading. */
export function turnOf(action: Action, mode: Mode): 'next' | 'previous' | null {
  if (action === 'next' || action === 'previous') return action;
  if (action === 'left') return mode === 'rtl' ? 'next' : 'previous';
  if (action === 'right') return mode === 'rtl' ? 'previous' : 'next';
  return null;
}

/** Fields and sliders keep their own keys; buttons and links keep Enter and Space. */
export function isTyping(target: EventTarget | null, key: string): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement) {
    return target.type !== 'checkbox' && target.type !== 'radio' ? true : key !== 'Escape';
  }
  if (target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement) return true;
  const isControl = target.closest('button, a, summary, [role=dialog]') !== null;
  return isControl && (key === ' ' || key === 'Enter');
}
