/** One zip on its way up, with true progress: XMLHttpRequest, because fetch reports none. */
import { ApiError } from '$lib/api/errors';
import { freshToken, refreshToken } from '$lib/auth/tokens';
import { currentLanguage } from '$lib/i18n/i18n.svelte';

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

interface Watch {
  onprogress: (sent: number, total: number) => void;
  signal: AbortSignal;
}

export async function sendChapter(submission: Submission, watch: Watch): Promise<Submitted> {
  const token = await freshToken();
  try {
    return await post(submission, token, watch);
  } catch (problem) {
    const isExpired = problem instanceof ApiError && problem.status === 401;
    if (!isExpired || !(await refreshToken())) throw problem;
    return post(submission, await freshToken(), watch);
  }
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

async function post(
  submission: Submission,
  token: string | null,
  watch: Watch
): Promise<Submitted> {
  // Stopped while the token was renewed, perhaps into that of another person.
  watch.signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open('POST', `/api/series/${encodeURIComponent(submission.slug)}/chapters`);
    request.responseType = 'json';
    request.setRequestHeader('Accept-Language', currentLanguage());
    if (token) request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.upload.onprogress = (event) => watch.onprogress(event.loaded, event.total);
    request.onload = () => {
      if (request.status === 202) resolve(request.response as Submitted);
      else {
        const wait = request.getResponseHeader('Retry-After');
        reject(ApiError.fromBody(request.response, request.status, wait));
      }
    };
    request.onerror = () => reject(ApiError.network());
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
    watch.signal.addEventListener('abort', () => request.abort());
    request.send(formOf(submission));
  });
}
