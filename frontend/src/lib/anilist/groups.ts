/** The rows of an import, in the groups that somebody looks for. */
import { t } from '$lib/i18n/i18n.svelte';
import type { Group } from '$lib/jobs/groups';

const ofTrial = ['would_add', 'would_change', 'unchanged', 'kept'] as const;

export function groupsOfImport(isTrial: boolean, isUndone: boolean): Group[] {
  const failed = { name: 'failed', label: t('anilist.group.failed'), filter: 'outcome=failed' };
  if (isTrial) {
    const groups = ofTrial.map((name) => ({
      name,
      label: t(`anilist.group.${name}`),
      filter: `code=${name}`
    }));
    return [...groups, failed];
  }
  return [
    {
      name: 'done',
      label: t(isUndone ? 'anilist.group.undone' : 'anilist.group.done'),
      filter: 'outcome=done'
    },
    { name: 'skipped', label: t('anilist.group.skipped'), filter: 'outcome=skipped' },
    failed
  ];
}
