/** Who is reading: logging in and out, signing up, and what the account may do. */
import { api, unwrap, withDeletion } from '$lib/api/client';
import { ApiError } from '$lib/api/errors';
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
import { finishBelongings, forgetBelongings } from './belongings';
import {
  keepToken,
  onSessionEnded,
  refreshToken,
  remembersMember,
  tokenInHand,
  forgetToken,
  inTurn,
  type TokenAnswer
} from './tokens';

const ownerKey = 'mangakg.owner';
const guest = 'guest';

class Session {
  #me = $state.raw<Me | null>(null);
  #owner = $state(guest);
  #resuming: Promise<void> | null = null;
  /** Whose things may still lie in this tab: the session may have ended without a logout. */
  #lastPerson: number | null = null;
  /** Whom the server has let in here, while it may not be known yet who that is. */
  #letIn = '';
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
    if (remembersMember()) {
      // Until the server has said it, this device's own places stay theirs who read here last.
      this.#owner = readLocal(ownerKey) ?? guest;
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
    // An earlier try may have gone half through: its code is used up, and the door is open.
    if (this.#letIn !== username || !tokenInHand()) {
      await this.#knock(username, password, code);
      this.#letIn = username;
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
    await finishBelongings();
    await inTurn(async () => {
      await this.#post('/api/auth/logout', '{}');
      this.#leave();
    });
  }

  /** Every device, this one too. */
  async logoutEverywhere(): Promise<void> {
    await finishBelongings();
    await unwrap(api.DELETE('/api/auth/sessions'));
    await inTurn(async () => this.#leave());
  }

  /** All other devices are logged out by it; this one goes on with new tokens. */
  async changePassword(old_password: string, new_password: string): Promise<void> {
    const body = { old_password, new_password, cookie: true };
    keepToken(await unwrap(api.POST('/api/auth/password/change', { body })));
  }

  async deleteAccount(password: string): Promise<void> {
    await finishBelongings();
    await unwrap(api.DELETE('/api/auth/me', { body: withDeletion({ password }) }));
    await inTurn(async () => this.#leave());
  }

  async update(body: MeChange): Promise<void> {
    this.#become(await unwrap(api.PATCH('/api/auth/me', { body })));
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

  async #resume(): Promise<void> {
    try {
      if (tokenInHand() || (await refreshToken())) await this.reload();
    } catch {
      // The account stays unknown until it is asked again; reading needs none.
    }
  }

  async #knock(username: string, password: string, code: string): Promise<void> {
    const form = new URLSearchParams({ grant_type: 'password', username, password, cookie: '1' });
    if (code) form.set('code', code);
    const answer = await inTurn(async () => {
      const response = await this.#post('/api/auth/token', form);
      const tokens = (await response.json().catch(() => null)) as TokenAnswer | null;
      if (tokens) keepToken(tokens);
      return tokens;
    });
    // Where the answer broke off, its cookie came before and is good for another.
    if (!answer && !(await refreshToken())) throw ApiError.network();
  }

  /** Nothing of a person stays on a device that they left on purpose. */
  #leave(): void {
    const { owner } = this;
    forgetToken();
    forgetPositions(owner);
    this.#lastPerson = null;
    forgetBelongings();
  }

  #become(me: Me | null): void {
    const owner = me ? String(me.id) : guest;
    this.#me = me;
    this.#owner = owner;
    writeLocal(ownerKey, me && owner);
    if (me && me.id !== this.#lastPerson) {
      this.#lastPerson = me.id;
      forgetBelongings();
    }
    preferences.follow(me);
    tellTimeIn(me?.time_zone ?? '');
  }

  async #post(address: string, body: URLSearchParams | string): Promise<Response> {
    const headers = new Headers({ 'Accept-Language': currentLanguage() });
    const token = tokenInHand();
    if (token) headers.set('Authorization', `Bearer ${token}`);
    if (typeof body === 'string') headers.set('Content-Type', 'application/json');
    let response: Response;
    try {
      response = await fetch(address, {
        method: 'POST',
        credentials: 'same-origin',
        headers,
        body
      });
    } catch {
      throw ApiError.network();
    }
    if (!response.ok) throw await ApiError.fromResponse(response);
    return response;
  }
}

export const session = new Session();
