/** How somebody keeps their library: how scores are shown, and what moves by itself. */
import { createAnswer } from '$lib/api/queries.svelte';
import type { LibrarySettings, ScoreFormat } from '$lib/api/types';
import { settingsAddress } from './items';

/** As the server has it for those who chose none. */
const usualFormat: ScoreFormat = 'stars5';

export interface Settings {
  readonly all: LibrarySettings | undefined;
  readonly format: ScoreFormat;
}

/** From within a component. */
export function createSettings(isWanted: () => boolean = () => true): Settings {
  const answer = createAnswer<LibrarySettings>(() => ({
    address: isWanted() ? settingsAddress : null,
    isPersonal: true
  }));
  return {
    get all() {
      return answer.data;
    },
    get format() {
      return answer.data?.score_format ?? usualFormat;
    }
  };
}
