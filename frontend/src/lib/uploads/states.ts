/** The colour and the sign of a state; its word comes from the catalogue. */
import type { IconName } from '$lib/ui/Icon.svelte';

interface Look {
  tone: 'text-soft' | 'text-good' | 'text-warn' | 'text-bad' | 'text-ink';
  icon: IconName;
}

const looks: Record<string, Look> = {
  sending: { tone: 'text-ink', icon: 'upload' },
  extracting: { tone: 'text-ink', icon: 'clock' },
  received: { tone: 'text-soft', icon: 'clock' },
  queued: { tone: 'text-soft', icon: 'clock' },
  publishing: { tone: 'text-ink', icon: 'clock' },
  awaiting_review: { tone: 'text-warn', icon: 'eye' },
  live: { tone: 'text-good', icon: 'check' },
  failed: { tone: 'text-bad', icon: 'warn' },
  unsent: { tone: 'text-bad', icon: 'offline' },
  rejected: { tone: 'text-bad', icon: 'close' }
};
const plain: Look = { tone: 'text-soft', icon: 'file' };

export function lookOf(state: string): Look {
  return looks[state] ?? plain;
}
