/** What was just done, with a way back for six seconds; errors stay until they are closed. */
import { registerBelongings } from '$lib/auth/belongings';

const shownMs = 6000;

export interface Toast {
  id: number;
  text: string;
  isError: boolean;
  undo?: () => void;
}

/** What a toast offers to undo: it settles when it is done, and says itself what went wrong. */
type Deed = () => Promise<unknown>;

let lastId = 0;
export const toasts = $state<Toast[]>([]);
const timers = new Map<number, ReturnType<typeof setTimeout>>();
const waiting = new Map<number, Deed>();
const running = new Set<Promise<unknown>>();

/** Takes a toast away; what it offered to undo is done now. */
export function dismissToast(id: number): void {
  const index = toasts.findIndex((toast) => toast.id === id);
  if (index >= 0) toasts.splice(index, 1);
  clearTimeout(timers.get(id));
  timers.delete(id);
  const deed = waiting.get(id);
  waiting.delete(id);
  if (!deed) return;
  const run: Promise<unknown> = deed().finally(() => running.delete(run));
  running.add(run);
}

function show(toast: Omit<Toast, 'id'>): number {
  lastId += 1;
  const id = lastId;
  toasts.push({ id, ...toast });
  if (!toast.isError) {
    timers.set(
      id,
      setTimeout(() => dismissToast(id), shownMs)
    );
  }
  return id;
}

export function sayDone(text: string): void {
  show({ text, isError: false });
}

/** Says an error once, however often it happens; returns its toast, for when it is over. */
export function sayFailed(text: string): number {
  const shown = toasts.find((toast) => toast.isError && toast.text === text);
  return shown?.id ?? show({ text, isError: true });
}

/** Offers six seconds to change one's mind; then, or when the toast is closed, does the deed. */
export function sayUndoable(text: string, deed: Deed, undo: () => void): void {
  const id = show({
    text,
    isError: false,
    undo: () => {
      waiting.delete(id);
      undo();
      dismissToast(id);
    }
  });
  waiting.set(id, deed);
}

/** Does everything whose six seconds still run, and waits until it is done. */
export async function finishUndoable(): Promise<void> {
  for (const id of [...waiting.keys()]) dismissToast(id);
  await Promise.allSettled(running);
}

registerBelongings({ finish: finishUndoable });
