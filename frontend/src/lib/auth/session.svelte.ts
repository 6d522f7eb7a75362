/** Who is reading: logging in and out, signing up, and what the account may do. */
import { api, postAsIs, unwrap, withDeletion } from '$lib/api/client';
import { ApiError } from '$lib/api/errors';
import { forgetAnswers, tellOwner } from '$lib/api/queries.svelte';
import {
  dropToken,
  keepToken,
  onSessionEnded,
  refreshToken,
  remembersMember,
  tokenInHand,
  forgetToken,
  inTurn,
  type TokenAnswer
} from '$lib/api/tokens';
import type { Me, MeChange } from '$lib/api/types';
import {
  chooseLanguage,
  currentLanguage,
  hasChosenLanguage,
  loadLanguage,
  tellTimeIn
} from '$lib/i18n/i18n.svelte';
import type { Language } from '$lib/i18n/plural';
import { adoptGuestPositions, forgetPositions } from '$lib/reading/positions';
import { preferences } from '$lib/reading/preferences.svelte';
import { readLocal, writeLocal } from '$lib/ui/storage';
import { sendUnsentState, clearPersonalState } from './personal';

const ownerKey = 'mangakg.owner';
const guest = 'guest';

class Session {
  #me = $state.raw<Me | null>(null);
  #owner = $state(guest);
  #resuming: Promise<void> | null = null;
  /** Whose state this tab may still hold: the session may have ended without a logout. */
  #lastPerson: number | null = null;
  /** The name whose password the server took, while its account may not have answered yet. */
  #loggedInAs = '';
  /** Whether it was found out who is here; nothing personal is asked for before. */
  isReady = $state(false);

  get me(): Me | null {
    return this.#me;
  }

  /** Under whose name places are kept here: known offline too. */
  get owner(): string {
    return this.#owner;
  }

  /** Somebody is logged in on this device, but the server has not yet said who. */
  get isUnreached(): boolean {
    return this.me === null && this.owner !== guest;
  }

  /** Settles when it is known, or cannot be known now, who is here. */
  get ready(): Promise<void> {
    return this.#resuming ?? Promise.resolve();
  }

  get mayUpload(): boolean {
    return this.me?.permissions.upload ?? false;
  }

  start(): void {
    onSessionEnded(() => this.#become(null));
    window.addEventListener('storage', (event) => this.#followTab(event));
    if (remembersMember()) {
      // Until the server has said it, this device's own places stay theirs who read here last.
      this.#owner = readLocal(ownerKey) ?? guest;
      tellOwner(this.#owner, false);
      void this.resume();
    } else {
      this.#become(null);
      this.isReady = true;
    }
  }

  /** Finds out who this device remembers, as long as it does not know; for when it may work again. */
  resume(): Promise<void> {
    if (this.me || !remembersMember()) return Promise.resolve();
    this.#resuming ??= this.#resume().finally(() => {
      this.#resuming = null;
      this.isReady = true;
    });
    return this.#resuming;
  }

  /** `code` is of the second factor, or one of its recovery codes. */
  async login(username: string, password: string, code = ''): Promise<void> {
    // An earlier try may have gone half through: its code is used up, and the server has let them in.
    if (this.#loggedInAs !== username || !tokenInHand()) {
      await this.#sendCredentials(username, password, code);
      this.#loggedInAs = username;
    }
    await this.reload();
  }

  /** An account starts in the language it was made in. */
  async register(username: string, email: string, password: string): Promise<void> {
    const language = currentLanguage();
    const body = { username, email, password, language };
    await unwrap(api.POST('/api/auth/register', { body }));
  }

  async logout(): Promise<void> {
    await sendUnsentState();
    await inTurn(async () => {
      await postAsIs('/api/auth/logout', {});
      this.#leave();
    });
  }

  /** Every device, this one too. */
  async logoutEverywhere(): Promise<void> {
    await sendUnsentState();
    await unwrap(api.DELETE('/api/auth/sessions'));
    await inTurn(async () => this.#leave());
  }

  /** All other devices are logged out by it; this one goes on with new tokens. */
  async changePassword(old_password: string, new_password: string): Promise<void> {
    const body = { old_password, new_password, cookie: true };
    keepToken(await unwrap(api.POST('/api/auth/password/change', { body })));
  }

  async deleteAccount(password: string): Promise<void> {
    await sendUnsentState();
    await unwrap(api.DELETE('/api/auth/me', { body: withDeletion({ password }) }));
    await inTurn(async () => this.#leave());
  }

  async update(body: MeChange): Promise<void> {
    const me = await unwrap(api.PATCH('/api/auth/me', { body }));
    // They may have logged out while the answer was on its way.
    if (this.me?.id === me.id) this.#become(me);
  }

  /** Speaks another language at once; the account remembers it when it can be reached. */
  async speak(language: Language): Promise<void> {
    await chooseLanguage(language);
    if (this.me) await this.update({ language });
  }

  /** Takes over what the answer to an act says of the account, without asking for all of it. */
  learn(change: Partial<Me>): void {
    if (this.me) this.#become({ ...this.me, ...change });
  }

  /** Asks anew who this is: an address was confirmed, a role granted, a factor switched on. */
  async reload(): Promise<void> {
    const me = await unwrap(api.GET('/api/auth/me'));
    const isNew = this.me === null;
    // Before anybody is known, so that what is asked for then comes in their language.
    if (isNew && !hasChosenLanguage()) {
      await loadLanguage(me.language as Language).catch(() => undefined);
    }
    // They may have logged out while the answer was on its way.
    if (!tokenInHand()) return;
    this.#become(me);
    if (isNew) adoptGuestPositions(this.owner);
  }

  /** Another tab logged in, perhaps as somebody else: this one follows, as it follows a logout. */
  #followTab({ key, newValue }: StorageEvent): void {
    if (key !== ownerKey || newValue === null || newValue === this.owner) return;
    dropToken();
    this.#me = null;
    this.#owner = newValue;
    tellOwner(newValue, false);
    forgetAnswers();
    clearPersonalState();
    void this.resume();
  }

  async #resume(): Promise<void> {
    try {
      if (tokenInHand() || (await refreshToken())) await this.reload();
    } catch {
      // The account stays unknown until it is asked again; reading needs none.
    }
  }

  async #sendCredentials(username: string, password: string, code: string): Promise<void> {
    const form = new URLSearchParams({ grant_type: 'password', username, password, cookie: '1' });
    if (code) form.set('code', code);
    try {
      await inTurn(async () => {
        const tokens = await postAsIs<TokenAnswer>('/api/auth/token', form);
        if (tokens) keepToken(tokens);
      });
    } catch (problem) {
      // Where a good answer broke off, its cookie came before it and is good for another.
      const hasCookie = ApiError.from(problem).status === 200;
      if (!hasCookie || !(await refreshToken())) throw problem;
    }
  }

  /** Nothing of a person stays on a device that they left on purpose. */
  #leave(): void {
    const { owner } = this;
    forgetToken();
    forgetPositions(owner);
    preferences.forget(owner);
    this.#lastPerson = null;
    clearPersonalState();
  }

  #become(me: Me | null): void {
    const owner = me ? String(me.id) : guest;
    if (owner !== this.#owner) forgetAnswers();
    this.#me = me;
    this.#owner = owner;
    writeLocal(ownerKey, me && owner);
    tellOwner(owner, me !== null);
    if (me && me.id !== this.#lastPerson) {
      this.#lastPerson = me.id;
      clearPersonalState();
    }
    preferences.follow(me);
    tellTimeIn(me?.time_zone ?? '');
  }
}

export const session = new Session();
