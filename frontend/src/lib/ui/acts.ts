/**
 * What somebody does to something of theirs: it shows at once and is sent at once, so that a closed
 * tab loses nothing; undoing it sends the opposite.
 */
import { explain } from './problems';
import { dismissToast, isToastShown, sayDone, sayFailed } from './toasts.svelte';

export interface Act {
  /** Names this one act: a second press while it is under way does nothing. */
  id: string;
  /** Names what it is done to: acts on one thing are sent in the order in which they were done. */
  key: string;
  /** Shows it as done, and as not done. */
  apply: () => void;
  revert: () => void;
  send: () => Promise<unknown>;
  /** Sends the opposite; an act without one cannot be undone, and asks before. */
  inverse?: () => Promise<unknown>;
  /**
   * Acts of one group that follow each other, such as several presses of +1, have one message: what
   * it undoes is all of them, by the first one's opposite.
   */
  group?: string;
}

type Undone = Pick<Act, 'apply' | 'revert' | 'inverse'>;
const groups = new Map<string, { toast: number; first: Undone }>();

const underWay = new Set<string>();
const lastOfKey = new Map<string, Promise<unknown>>();

/** Does an act and says so; false where the server refused it, which is said too. */
export async function perform(act: Act, text: string): Promise<boolean> {
  if (underWay.has(act.id)) return false;
  underWay.add(act.id);
  const first = firstOfGroup(act);
  const { inverse } = first;
  let isUndone = false;
  act.apply();
  const sent = inOrder(act.key, act.send);
  const toast = sayDone(
    text,
    inverse &&
      (() => {
        isUndone = true;
        void undo(act.key, first, inverse, sent);
      })
  );
  if (act.group) groups.set(act.group, { toast, first });
  try {
    await sent;
    return true;
  } catch (problem) {
    dismissToast(toast);
    if (!isUndone) act.revert();
    sayFailed(explain(problem));
    return false;
  } finally {
    underWay.delete(act.id);
  }
}

/** The act that the new message undoes to; it takes the place of the message before. */
function firstOfGroup(act: Act): Undone {
  const before = act.group === undefined ? undefined : groups.get(act.group);
  if (!before || !isToastShown(before.toast)) return act;
  dismissToast(before.toast);
  return before.first;
}

async function undo(
  key: string,
  act: Undone,
  inverse: () => Promise<unknown>,
  sent: Promise<unknown>
): Promise<void> {
  act.revert();
  // What never arrived needs no opposite.
  const hasArrived = await sent.then(
    () => true,
    () => false
  );
  if (!hasArrived) return;
  try {
    await inOrder(key, inverse);
  } catch (problem) {
    act.apply();
    sayFailed(explain(problem));
  }
}

function inOrder(key: string, send: () => Promise<unknown>): Promise<unknown> {
  const before = lastOfKey.get(key) ?? Promise.resolve();
  const sent = before.catch(() => undefined).then(send);
  lastOfKey.set(key, sent);
  const forget = () => lastOfKey.get(key) === sent && lastOfKey.delete(key);
  void sent.then(forget, forget);
  return sent;
}
