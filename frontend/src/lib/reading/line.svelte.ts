/**
 * How fast the reader's line is: by the last picture that arrived, before that by the app's own files,
 * and where those were in the browser's cache, as it was at the last visit or as the browser says.
 */
import { readLocal, writeLocal } from '$lib/ui/storage';
import { isSlowLine, kbitsOf, type Connection } from './lineSpeed';

const lastKey = 'mangakg.line';
/** What arrives faster came from a cache, and tells nothing. */
const cachedMs = 50;

class Line {
  #measuredKbits = $state<number | null>(null);
  #wasSlow = false;

  /** Slow enough that smaller pictures are wanted. */
  get isSlow(): boolean {
    const connection = (navigator as { connection?: Connection }).connection;
    const kbits = this.#measuredKbits ?? kbitsOf(this.#files()) ?? this.#lastKbits();
    return isSlowLine(connection, kbits, this.#wasSlow);
  }

  #files(): PerformanceResourceTiming[] {
    return performance.getEntriesByType('resource') as PerformanceResourceTiming[];
  }

  #lastKbits(): number | null {
    return Number(readLocal(lastKey)) || null;
  }

  /** A picture of so many bytes arrived, alone, after so long. */
  measure(bytes: number, ms: number): void {
    if (bytes <= 0 || ms < cachedMs) return;
    this.#wasSlow = this.isSlow;
    this.#measuredKbits = (bytes * 8) / ms;
    writeLocal(lastKey, String(Math.round(this.#measuredKbits)));
  }

  /** A picture has not arrived for long: the line is slow, whatever it was before. */
  giveUp(): void {
    this.#wasSlow = true;
    this.#measuredKbits = 0;
  }
}

export const line = new Line();
