/** One zip on its way up, with its words. */
import { uploadForm, type UploadWatch } from '$lib/api/formUpload';

export interface Submission {
  slug: string;
  file: File;
  number: string;
  title: string;
  language: string;
  volume: string;
  group: string;
}

export interface Submitted {
  id: number;
  state: string;
}

export function sendChapter(submission: Submission, watch: UploadWatch): Promise<Submitted> {
  const address = `/api/series/${encodeURIComponent(submission.slug)}/chapters`;
  return uploadForm(address, () => formOf(submission), watch);
}

function formOf({ file, slug: _slug, ...words }: Submission): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(words)) {
    if (value.trim()) form.set(name, value.trim());
  }
  // The words first: the server knows what it is about before the long part arrives.
  form.set('file', file, file.name);
  return form;
}
