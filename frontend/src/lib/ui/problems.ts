/** An error as one sentence for people: the server's own where it sent one. */
import { ApiError } from '$lib/api/errors';
import { t } from '$lib/i18n/i18n.svelte';

export function explain(problem: unknown): string {
  const error = ApiError.from(problem);
  if (error.isOffline) return t('error.network');
  return error.detail || t('error.server');
}
