/**
 * What lists show: chapters in which languages, the most preferred first, and works of which content
 * ratings. The account of a member decides; what a guest chose stays on this device. The server,
 * which draws the first screen, learns both from the cookie `preferences`.
 */
import { api, unwrap } from '$lib/api/client';
import type { Me, MeChange, Rating } from '$lib/api/types';
import { session } from '$lib/auth/session.svelte';
import { currentLanguage } from '$lib/i18n/i18n.svelte';
import { readLocalJson, writeLocal, writeLocalJson } from '$lib/ui/storage';

export const ratings = ['safe', 'suggestive', 'erotica', 'pornographic'] as const;

const deviceKey = 'mangakg.preferences';
const accountKey = 'mangakg.preferences.account';
const yearSeconds = 365 * 24 * 3600;

interface OfDevice {
  /** Empty: as the browser says. */
  languages: readonly string[];
  /** Null: as the site says. */
  ratings: readonly Rating[] | null;
}
interface OfAccount {
  languages: readonly string[];
  hiddenRatings: readonly Rating[];
}

/** The languages that the browser asks for, without their regions. */
export function browserLanguages(tags: readonly string[]): string[] {
  return [...new Set(tags.map((tag) => tag.toLowerCase().split('-')[0] ?? ''))].filter(Boolean);
}

/** What a guest sees who has chosen nothing; an operator may have set it otherwise. */
function siteRatings(): readonly Rating[] {
  const meta = document.querySelector<HTMLMetaElement>('meta[name="guest-ratings"]');
  const named = meta?.content.split(',') ?? [];
  const known = ratings.filter((rating) => named.includes(rating));
  return known.length ? known : ['safe', 'suggestive'];
}

class Preferences {
  #lastTurn: Promise<unknown> = Promise.resolve();
  #device = $state.raw<OfDevice>(
    readLocalJson<OfDevice>(deviceKey, { languages: [], ratings: null })
  );
  // Remembered here too, so that it holds before the account has answered, and offline.
  readonly #account = $derived<OfAccount | null>(
    session.me
      ? ofAccount(session.me)
      : session.isUnreached
        ? readLocalJson<OfAccount | null>(accountKey, null)
        : null
  );
  readonly #chosen = $derived(
    this.#account?.languages.length ? this.#account.languages : this.#device.languages
  );

  /** Never empty; the most preferred first. */
  readonly languages = $derived<readonly string[]>(
    this.#chosen.length ? this.#chosen : browserLanguages(navigator.languages)
  );
  readonly ratings = $derived<readonly Rating[]>(
    this.#account
      ? ratings.filter((rating) => !this.#account?.hiddenRatings.includes(rating))
      : (this.#device.ratings ?? siteRatings())
  );

  /** Whether the languages were chosen, and are not just the browser's. */
  get hasChosenLanguages(): boolean {
    return this.#chosen.length > 0;
  }

  /** With none, the browser's languages hold again. Throws where the account could not keep it. */
  async setLanguages(languages: readonly string[]): Promise<void> {
    const { me } = session;
    if (!me) return this.#keepOnDevice({ languages });
    await this.#keepOnAccount(
      { reading: { ...me.reading, languages: [...languages] } },
      { reading: { languages: [...languages] } }
    );
  }

  async setRatings(shown: readonly Rating[]): Promise<void> {
    if (!session.me) return this.#keepOnDevice({ ratings: shown });
    const hidden_ratings = withoutRatings(shown);
    await this.#keepOnAccount({ hidden_ratings }, { hidden_ratings });
  }

  /** Gives a new account what its owner chose here as a guest. */
  async takeAlong(): Promise<void> {
    await session.update({
      reading: { languages: [...this.#device.languages] },
      hidden_ratings: withoutRatings(this.#device.ratings ?? siteRatings())
    });
  }

  /** Keeps the cookie, and what is remembered of the account, in step; returns how to stop. */
  start(): () => void {
    return $effect.root(() => {
      $effect(() => {
        if (this.#account) writeLocalJson(accountKey, this.#account);
        else writeLocal(accountKey, null);
      });
      $effect(() => this.#writeCookie());
    });
  }

  /** Holds at once, and is taken back where it could not be sent; one change is sent after the other. */
  async #keepOnAccount(held: Partial<Me>, sent: MeChange): Promise<void> {
    const before = session.me;
    session.learn(held);
    const turn = this.#lastTurn
      .catch(() => undefined)
      .then(() => unwrap(api.PATCH('/api/auth/me', { body: sent })));
    this.#lastTurn = turn;
    try {
      await turn;
    } catch (problem) {
      if (before && session.me?.id === before.id) {
        session.learn({ reading: before.reading, hidden_ratings: before.hidden_ratings });
      }
      throw problem;
    }
  }

  #keepOnDevice(change: Partial<OfDevice>): void {
    this.#device = { ...this.#device, ...change };
    writeLocalJson(deviceKey, this.#device);
  }

  #writeCookie(): void {
    const words = new URLSearchParams({ languages: this.languages.join() });
    // What was not chosen is left to the site.
    if (this.#account || this.#device.ratings) words.set('ratings', this.ratings.join());
    words.set('interface', currentLanguage());
    const secure = location.protocol === 'https:' ? '; secure' : '';
    document.cookie = `preferences=${words}; path=/; max-age=${yearSeconds}; samesite=lax${secure}`;
  }
}

function ofAccount(me: Me): OfAccount {
  return { languages: me.reading.languages, hiddenRatings: me.hidden_ratings };
}

function withoutRatings(shown: readonly Rating[]): Rating[] {
  return ratings.filter((rating) => !shown.includes(rating));
}

export const preferences = new Preferences();
