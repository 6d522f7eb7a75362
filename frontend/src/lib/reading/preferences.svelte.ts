/**
 * How somebody likes to read: what was chosen on this device, else what the account says, else what
 * fits most. The way of turning is kept per series.
 */
import type { Me, ReadingDirection } from '$lib/api/types';
import { readLocalJson, writeLocal, writeLocalJson } from '$lib/ui/storage';
import { directionOf, settled, type Chosen, type Fit, type OfAccount, fits } from './choices';
import type { Mode } from './keys';

export { fits, type Fit } from './choices';

const storageKey = 'mangakg.reader';
const modesKey = 'mangakg.reader.modes';
const accountKey = 'mangakg.reader.account';
const maxModes = 500;

function wantsLessData(): boolean {
  const connection = (navigator as { connection?: { saveData?: boolean } }).connection;
  return connection?.saveData ?? false;
}

class Preferences {
  #chosen = $state.raw<Chosen>(readLocalJson<Chosen>(storageKey, {}));
  #modes = $state<Record<string, Mode>>(readLocalJson(modesKey, {}));
  // Kept here too, so that it holds before the account has answered, and offline.
  #account = $state.raw<OfAccount | null>(readLocalJson<OfAccount | null>(accountKey, null));
  readonly #settled = $derived(settled(this.#chosen, this.#account, wantsLessData()));

  get fit(): Fit {
    return this.#settled.fit;
  }

  get isDouble(): boolean {
    return this.#settled.isDouble;
  }

  get isSaver(): boolean {
    return this.#settled.isSaver;
  }

  get hiddenRatings(): readonly string[] {
    return this.#account?.hidden_ratings ?? [];
  }

  set(change: Chosen): void {
    this.#chosen = { ...this.#chosen, ...change };
    writeLocalJson(storageKey, this.#chosen);
  }

  turnFit(): void {
    this.set({ fit: fits[(fits.indexOf(this.fit) + 1) % fits.length] ?? 'height' });
  }

  modeFor(slug: string, direction: ReadingDirection): Mode {
    return this.#modes[slug] ?? directionOf(this.#account, direction);
  }

  setMode(slug: string, mode: Mode): void {
    // The newest choices last, so that the oldest go first when there are too many.
    const others = Object.entries(this.#modes).filter(([one]) => one !== slug);
    this.#modes = Object.fromEntries([...others, [slug, mode] as const].slice(-maxModes));
    writeLocalJson(modesKey, this.#modes);
  }

  /** Takes over what the account says; with null, nobody is logged in. */
  follow(me: Me | null): void {
    this.#account = me && { reading: me.reading, hidden_ratings: me.hidden_ratings };
    if (this.#account) writeLocalJson(accountKey, this.#account);
    else writeLocal(accountKey, null);
  }

  /** Lets the account decide here again what it decides everywhere. */
  leaveToAccount(): void {
    this.#chosen = { isDouble: this.#chosen.isDouble };
    writeLocalJson(storageKey, this.#chosen);
  }
}

export const preferences = new Preferences();
