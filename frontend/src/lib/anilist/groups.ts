/** The rows of an import, in the groups that somebody looks for. */
import type { JobWithCodes } from '$lib/api/types';
import { t } from '$lib/i18n/i18n.svelte';
import type { Group } from '$lib/jobs/groups';

const ofTrial = ['would_add', 'would_change', 'unchanged', 'kept'] as const;

export function groupsOfImport(job: JobWithCodes, isTrial: boolean): Group[] {
  const { outcome, codes } = job;
  const failed = ofOutcome('failed', outcome.failed);
  if (isTrial) {
    const groups = ofTrial.map((name) => ({
      name,
      label: t(`anilist.group.${name}`),
      count: codes[name] ?? 0,
      filter: `code=${name}`
    }));
    return [...groups, failed];
  }
  const done = ofOutcome('done', outcome.done);
  return [
    job.undone_at ? { ...done, label: t('anilist.group.undone') } : done,
    ofOutcome('skipped', outcome.skipped),
    failed
  ];
}

function ofOutcome(name: 'done' | 'skipped' | 'failed', count: number): Group {
  return { name, label: t(`anilist.group.${name}`), count, filter: `outcome=${name}` };
}
