/**
 * What somebody does to something of theirs: it shows at once and is sent at once, so that a closed
 * tab loses nothing; undoing it sends the opposite.
 */
import { explain } from './problems';
import { dismissToast, sayDone, sayFailed } from './toasts.svelte';

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
}

const underWay = new Set<string>();
const lastOfKey = new Map<string, Promise<unknown>>();

/** Does an act and says so; false where the server refused it, which is said too. */
export async function perform(act: Act, text: string): Promise<boolean> {
  if (underWay.has(act.id)) return false;
  underWay.add(act.id);
  const { inverse } = act;
  let isUndone = false;
  act.apply();
  const sent = inOrder(act.key, act.send);
  const toast = sayDone(
    text,
    inverse &&
      (() => {
        isUndone = true;
        void undo(act, inverse, sent);
      })
  );
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

async function undo(
  act: Act,
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
    await inOrder(act.key, inverse);
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
