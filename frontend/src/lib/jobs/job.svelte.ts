/** One job, asked for again while a worker is at it and the tab is in sight. */
import { api, unwrap } from '$lib/api/client';
import { createAnswer, refreshOwn } from '$lib/api/queries.svelte';
import type { Job, JobWithCodes } from '$lib/api/types';
import type { ApiError } from '$lib/api/errors';
import { poll } from '$lib/ui/polling';
import { jobAddress, jobItemsAddress } from './addresses';

const everyMs = 1200;

export interface ShownJob {
  readonly job: JobWithCodes | undefined;
  readonly problem: ApiError | null;
  readonly isActive: boolean;
  retry: () => void;
  stop: () => Promise<void>;
  undo: () => Promise<void>;
}

export function isActive(job: Pick<Job, 'state'>): boolean {
  return job.state === 'queued' || job.state === 'running';
}

/** From within a component; null is no job. `onended` is called once it has come to its end. */
export function createJob(id: () => number | null, onended?: () => void): ShownJob {
  const address = $derived.by(() => {
    const asked = id();
    return asked === null ? null : jobAddress(asked);
  });
  const answer = createAnswer<JobWithCodes>(() => ({ address, isPersonal: true }));
  const isRunning = $derived(answer.data !== undefined && isActive(answer.data));
  let wasRunning = false;

  $effect(() => {
    if (wasRunning && !isRunning && answer.data) {
      void refreshOwn(jobItemsAddress(answer.data.id));
      onended?.();
    }
    wasRunning = isRunning;
  });
  $effect(() => (isRunning ? poll(answer.retry, everyMs) : undefined));

  async function send(path: '/api/jobs/{id}/stop' | '/api/jobs/{id}/undo'): Promise<void> {
    await unwrap(api.POST(path, { params: { path: { id: String(id()) } } }));
    // What it did at once is done by now: then nobody has seen it run.
    await refreshOwn(address ?? '');
    if (!isRunning) onended?.();
  }

  return {
    get job() {
      return answer.data;
    },
    get problem() {
      return answer.problem;
    },
    get isActive() {
      return isRunning;
    },
    retry: answer.retry,
    stop: () => send('/api/jobs/{id}/stop'),
    undo: () => send('/api/jobs/{id}/undo')
  };
}
