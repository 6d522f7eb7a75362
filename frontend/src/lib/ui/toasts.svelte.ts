/** What was just done, with a way back for six seconds; errors stay until they are closed. */
const shownMs = 6000;

export interface Toast {
  id: number;
  text: string;
  isError: boolean;
  undo?: (() => void) | undefined;
  /** Goes by loading the page anew. */
  isOutdated?: boolean;
}

let lastId = 0;
/** Somebody is at the toasts, with the pointer or the focus: none of them leaves under their hands. */
let isHeld = false;
const timers = new Map<number, ReturnType<typeof setTimeout>>();
export const toasts = $state<Toast[]>([]);

export function isToastShown(id: number): boolean {
  return toasts.some((toast) => toast.id === id);
}

export function dismissToast(id: number): void {
  const index = toasts.findIndex((toast) => toast.id === id);
  if (index >= 0) toasts.splice(index, 1);
  clearTimeout(timers.get(id));
  timers.delete(id);
}

export function holdToasts(): void {
  isHeld = true;
  for (const timer of timers.values()) clearTimeout(timer);
  timers.clear();
}

export function releaseToasts(): void {
  if (!isHeld) return;
  isHeld = false;
  toasts.forEach(plan);
}

function plan({ id, isError }: Toast): void {
  if (!isError && !isHeld)
    timers.set(
      id,
      setTimeout(() => dismissToast(id), shownMs)
    );
}

function show(words: Omit<Toast, 'id'>): number {
  lastId += 1;
  const toast = { id: lastId, ...words };
  toasts.push(toast);
  plan(toast);
  return toast.id;
}

/** Says what was done; `undo` is offered as long as the toast is there, and taken once. */
export function sayDone(text: string, undo?: () => void): number {
  const id = show({
    text,
    isError: false,
    undo:
      undo &&
      (() => {
        dismissToast(id);
        undo();
      })
  });
  return id;
}

/** Says an error once, however often it happens; returns its toast, for when it is over. */
export function sayFailed(text: string): number {
  return showOnce({ text, isError: true });
}

/** Says that the site was updated, so that this page lacks parts; offers to load it anew. */
export function sayOutdated(text: string): number {
  return showOnce({ text, isError: true, isOutdated: true });
}

function showOnce(words: Omit<Toast, 'id'>): number {
  const shown = toasts.find((toast) => toast.isError && toast.text === words.text);
  return shown?.id ?? show(words);
}
