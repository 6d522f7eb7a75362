/**
 * What a person has under way and lying about in this tab. Stores that hold some of it register
 * here, so that logging in and out knows none of them.
 */
interface Belongings {
  /** Does what still waits, while it can be done in this person's name. Fails quietly. */
  finish?: () => Promise<unknown>;
  /** Forgets all of it: the next person at this device sees and sends none of it. */
  forget?: () => void;
}

const registered: Belongings[] = [];

export function registerBelongings(belongings: Belongings): void {
  registered.push(belongings);
}

export async function finishBelongings(): Promise<void> {
  await Promise.all(registered.map(({ finish }) => finish?.()));
}

export function forgetBelongings(): void {
  for (const { forget } of registered) forget?.();
}
