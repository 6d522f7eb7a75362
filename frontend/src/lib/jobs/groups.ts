/** What came of the rows of a job, in groups and in a few words. */
import type { Job } from '$lib/api/types';
import { say, t } from '$lib/i18n/i18n.svelte';

/** Rows that belong together, such as those that failed. */
export interface Group {
  name: string;
  label: string;
  count: number;
  /** As the API has it, such as `outcome=failed`. */
  filter: string;
}

/** "12 done · 3 left as it was" */
export function outcomeText({ outcome }: Pick<Job, 'outcome'>): string {
  const names = (['done', 'skipped', 'failed'] as const).filter((name) => outcome[name] > 0);
  return names.map((name) => `${say.number(outcome[name])} ${t(`jobs.${name}`)}`).join(' · ');
}
