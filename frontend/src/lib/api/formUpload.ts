/** A form with a large file on its way up, with true progress: fetch reports none. */
import { currentLanguage } from '$lib/i18n/i18n.svelte';
import { ApiError } from './errors';
import { freshToken, refreshToken } from './tokens';

export interface UploadWatch {
  onprogress: (sent: number, total: number) => void;
  signal: AbortSignal;
  method?: 'POST' | 'PATCH';
}

/** Sends a form in the reader's name; it has no time limit, since a long way up is no failure. */
export async function uploadForm<Data>(
  address: string,
  form: () => FormData,
  watch: UploadWatch
): Promise<Data> {
  const token = await freshToken();
  try {
    return await send(address, form(), token, watch);
  } catch (problem) {
    const isExpired = problem instanceof ApiError && problem.kind === 'ended';
    if (!isExpired || !(await refreshToken())) throw problem;
    return send(address, form(), await freshToken(), watch);
  }
}

async function send<Data>(
  address: string,
  form: FormData,
  token: string | null,
  watch: UploadWatch
): Promise<Data> {
  // Stopped while the token was renewed, perhaps into that of another person.
  watch.signal.throwIfAborted();
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(watch.method ?? 'POST', address);
    request.responseType = 'json';
    request.setRequestHeader('Accept-Language', currentLanguage());
    if (token) request.setRequestHeader('Authorization', `Bearer ${token}`);
    request.upload.onprogress = (event) => watch.onprogress(event.loaded, event.total);
    request.onload = () => {
      const { status } = request;
      const wait = request.getResponseHeader('Retry-After');
      if (status >= 200 && status < 300 && request.response) resolve(request.response as Data);
      else reject(ApiError.fromBody(request.response, status, wait));
    };
    request.onerror = () => reject(ApiError.offline());
    request.onabort = () => reject(new DOMException('stopped', 'AbortError'));
    watch.signal.addEventListener('abort', () => request.abort());
    request.send(form);
  });
}
