/** Somebody's connection to AniList: how it stands, asked again while something moves, and its acts. */
import { api, unwrap } from '$lib/api/client';
import { createAnswer, keepAnswer, refreshOwn, type Answer } from '$lib/api/queries.svelte';
import type { AniListSettings, AniListStatus } from '$lib/api/types';
import { refreshLibrary } from '$lib/library/library.svelte';
import { poll } from '$lib/ui/polling';
import { anilistPath, statusAddress } from './addresses';

const question = { address: statusAddress, isPersonal: true };

/** How soon to ask again: quick while somebody looks on, slower while AniList has its turn. */
const movingMs = 1500;
const waitingMs = 6000;

/** From within a component; `isWatching` asks again while something moves. */
export function createAccount(isWatching = false): Answer<AniListStatus> {
  const answer = createAnswer<AniListStatus>(() => question);
  const everyMs = $derived(isWatching ? waitOf(answer.data) : null);
  $effect(() => (everyMs === null ? undefined : poll(answer.retry, everyMs)));
  return answer;
}

/** Null where nothing happens by itself within sight. */
export function waitOf(status: AniListStatus | undefined): number | null {
  if (!status) return null;
  if (status.state === 'connecting' || status.is_reading) return movingMs;
  const sends = status.waiting > 0 && isInUse(status);
  return sends ? waitingMs : null;
}

export function isInUse({ state, is_paused }: AniListStatus): boolean {
  return state === 'connected' && !is_paused;
}

/** It was connected once, and has to be again. */
export function hasEnded({ state }: Pick<AniListStatus, 'state'>): boolean {
  return state === 'expired' || state === 'revoked';
}

/** Leaves for the page of AniList where they allow it. */
export async function connect(): Promise<void> {
  const { url } = await unwrap(api.GET('/api/anilist/connect-url'));
  location.assign(url);
}

export async function setSettings(body: Partial<AniListSettings>): Promise<void> {
  keepAnswer(question, await unwrap(api.PATCH('/api/anilist/status', { body })));
}

/** Shows settings as they will be, before the server has said so. */
export function showSettings(status: AniListStatus): void {
  keepAnswer(question, status);
}

export async function syncNow(): Promise<void> {
  keepAnswer(question, await unwrap(api.POST('/api/anilist/sync')));
}

export async function disconnect(): Promise<void> {
  await unwrap(api.POST('/api/anilist/disconnect'));
  await refreshAll();
}

export interface ImportChoice {
  policy: 'latest' | 'keep' | 'overwrite';
  types: ('ANIME' | 'MANGA')[];
}

export const usualImport: ImportChoice = { policy: 'latest', types: ['ANIME', 'MANGA'] };

/** Starts an import, and tells the number of its job. */
export async function startImport({
  policy,
  types,
  dry_run
}: ImportChoice & { dry_run: boolean }): Promise<number> {
  const body = { policy, types, dry_run };
  const { id } = await unwrap(api.POST('/api/anilist/import', { body }));
  await refreshOwn(statusAddress);
  return id;
}

export async function decide(id: number, keep: 'mine' | 'theirs'): Promise<void> {
  const params = { path: { id: String(id) } };
  await unwrap(api.POST('/api/anilist/conflicts/{id}', { params, body: { keep } }));
  await refreshAll();
}

/** Asks anew for all of it that a screen shows, and for the library. */
export async function refreshAll(): Promise<void> {
  await Promise.all([refreshOwn(anilistPath), refreshLibrary()]);
}
