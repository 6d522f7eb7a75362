/** What can be reported, and the reasons that make sense for it, as the API names them. */
import type { Reason, SubjectType } from '$lib/api/types';

const ofWorks = [
  'wrong_content',
  'bad_quality',
  'stolen',
  'spam',
  'hateful',
  'illegal',
  'sexual_minor',
  'other'
] as const satisfies readonly Reason[];
const ofPeople = [
  'spam',
  'hateful',
  'impersonation',
  'illegal',
  'sexual_minor',
  'other'
] as const satisfies readonly Reason[];

export interface Subject {
  type: SubjectType;
  id: number;
  /** What it is called, for the person who reports it. */
  label: string;
}

export function reasonsFor(type: SubjectType): readonly Reason[] {
  return type === 'user' ? ofPeople : ofWorks;
}
