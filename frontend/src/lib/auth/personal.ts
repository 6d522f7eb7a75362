/**
 * What a person has unsent or in memory in this tab. Stores that hold some of it register here, so
 * that the session knows none of them.
 */
interface PersonalState {
  /** Sends what is unsent, while it can be done in this person's name. Fails quietly. */
  sendUnsent?: () => Promise<unknown>;
  /** Empties the store: the next person at this device sees and sends none of it. */
  clear?: () => void;
}

const patienceMs = 4000;
const registered: PersonalState[] = [];

export function registerPersonalState(state: PersonalState): void {
  registered.push(state);
}

/** Waits for it only so long: what a server refuses or never answers must not keep anybody here. */
export async function sendUnsentState(): Promise<void> {
  const sent = Promise.allSettled(registered.map(({ sendUnsent }) => sendUnsent?.()));
  const patience = new Promise((resolve) => setTimeout(resolve, patienceMs));
  await Promise.race([sent, patience]);
}

export function clearPersonalState(): void {
  for (const { clear } of registered) clear?.();
}
