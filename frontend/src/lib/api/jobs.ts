/** Work that the server does for somebody in pieces: waited for, and undone as a whole. */
import { api, unwrap } from './client';
import type { Job } from './types';

const firstWaitMs = 300;
const longestWaitMs = 5000;

/** Undoes all of it, and returns once that is done; another device may undo it too. */
export async function undoJob(id: number): Promise<Job> {
  const params = { path: { id: String(id) } };
  return finished(await unwrap(api.POST('/api/jobs/{id}/undo', { params })));
}

async function finished(job: Job): Promise<Job> {
  let waitMs = firstWaitMs;
  let now = job;
  while (now.state === 'queued' || now.state === 'running') {
    const pause = waitMs;
    await new Promise((resolve) => setTimeout(resolve, pause));
    waitMs = Math.min(longestWaitMs, waitMs * 1.5);
    now = await unwrap(api.GET('/api/jobs/{id}', { params: { path: { id: String(job.id) } } }));
  }
  return now;
}
