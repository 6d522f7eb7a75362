/**
 * How somebody likes to read: what was chosen for a series, else on this device, else what the account
 * says, else what fits most. Kept on this device under the name of whose it is.
 */
import type { Me, ReadingDirection } from '$lib/api/types';
import { readLocal, readLocalJson, writeLocal, writeLocalJson } from '$lib/ui/storage';
import type { Mode } from './keys';
import {
  fits,
  readingOf,
  settled,
  type Chosen,
  type Fit,
  type OfAccount,
  type Saver,
  type SeriesChosen
} from './choices';

export { fits, savers, type Fit, type Saver } from './choices';

const prefix = 'mangakg.reader';
const accountKey = 'mangakg.reader.account';
const ownerKey = 'mangakg.owner';
const guest = 'guest';
const maxSeries = 500;

interface Kept {
  all: Chosen;
  /** The newest choices last. */
  series: Record<string, SeriesChosen>;
}
const nothing: Kept = { all: {}, series: {} };
const keyOf = (owner: string) => `${prefix}.${owner}`;

class Preferences {
  #owner = readLocal(ownerKey) ?? guest;
  #kept = $state.raw<Kept>(readLocalJson(keyOf(this.#owner), nothing));
  // Kept here too, so that it holds before the account has answered, and offline.
  #account = $state.raw<OfAccount | null>(readLocalJson<OfAccount | null>(accountKey, null));
  readonly #settled = $derived(settled(this.#kept.all, this.#account));

  get isDouble(): boolean {
    return this.#settled.isDouble;
  }

  get saver(): Saver {
    return this.#settled.saver;
  }

  /** The direction for all series; empty where each is read as it says itself. */
  get direction(): Mode | '' {
    return this.#settled.direction;
  }

  /** What was chosen for this series alone. */
  chosenFor(slug: string): SeriesChosen {
    return this.#kept.series[slug] ?? {};
  }

  modeFor(slug: string, usual: ReadingDirection): Mode {
    return this.chosenFor(slug).mode ?? (this.#settled.direction || usual);
  }

  fitFor(slug: string): Fit {
    return this.chosenFor(slug).fit ?? this.#settled.fit;
  }

  /** The wishes for all series as the account keeps them. */
  get forAccount(): OfAccount['reading'] {
    return readingOf(this.#settled);
  }

  setForAll(change: Chosen): void {
    this.#keep({ ...this.#kept, all: { ...this.#kept.all, ...change } });
  }

  /** Undefined takes back what was chosen for this series alone. */
  setForSeries(
    slug: string,
    change: { [Key in keyof SeriesChosen]: SeriesChosen[Key] | undefined }
  ): void {
    const chosen = Object.fromEntries(
      Object.entries({ ...this.chosenFor(slug), ...change }).filter(
        ([, value]) => value !== undefined
      )
    );
    const others = Object.entries(this.#kept.series).filter(([one]) => one !== slug);
    const all = [...others, [slug, chosen] as const].slice(-maxSeries);
    this.#keep({ ...this.#kept, series: Object.fromEntries(all) });
  }

  /** The next size, where it was chosen: for this series alone or for all. */
  turnFit(slug: string): void {
    const fit = fits[(fits.indexOf(this.fitFor(slug)) + 1) % fits.length] ?? 'height';
    if (this.chosenFor(slug).fit) this.setForSeries(slug, { fit });
    else this.setForAll({ fit });
  }

  /** Takes over what the account says; with null, nobody is logged in. */
  follow(me: Me | null): void {
    const owner = me ? String(me.id) : guest;
    if (owner !== this.#owner) {
      // Who logs in reads on as they did a moment ago, unless this device knows them already.
      const isNew = me !== null && readLocal(keyOf(owner)) === null;
      if (isNew && this.#owner === guest) {
        writeLocalJson(keyOf(owner), this.#kept);
        writeLocal(keyOf(guest), null);
      }
      this.#owner = owner;
      this.#kept = readLocalJson(keyOf(owner), nothing);
    }
    this.#account = me && { reading: me.reading };
    if (this.#account) writeLocalJson(accountKey, this.#account);
    else writeLocal(accountKey, null);
  }

  /** Lets the account decide here again what it decides everywhere. */
  leaveToAccount(): void {
    const { isDouble } = this.#kept.all;
    this.#keep({ ...this.#kept, all: isDouble === undefined ? {} : { isDouble } });
  }

  /** Nothing of a person stays on a device that they left on purpose. */
  forget(owner: string): void {
    writeLocal(keyOf(owner), null);
    if (owner === this.#owner) this.#kept = nothing;
  }

  #keep(kept: Kept): void {
    this.#kept = kept;
    writeLocalJson(keyOf(this.#owner), kept);
  }
}

export const preferences = new Preferences();
