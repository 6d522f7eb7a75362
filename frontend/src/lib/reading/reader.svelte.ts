/**
 * One chapter being read: the page somebody is on, what turning does there, and when it is read.
 * Views show it and report to it; it knows no pixels.
 */
import type { Chapter } from '$lib/api/types';
import type { Mode } from './keys';
import { preferences } from './preferences.svelte';
import { pairPages, spreadOf, type Spread } from './spreads';

/** On a page, or on the card before the first or behind the last. */
export type Edge = 'start' | 'none' | 'end';

interface Events {
  onplace: (page: number, isFinished: boolean) => void;
  onchapter: (id: number, from: 'start' | 'end') => void;
}

export class Reader {
  readonly chapter: Chapter;
  /** Index of the page somebody is on. */
  at = $state(0);
  edge = $state<Edge>('none');
  isTouched = false;
  /** Wide enough for two pages side by side. */
  isRoomy = $state(false);
  /** Counts jumps, so that a strip knows when to scroll and when it only reported. */
  jumps = $state(0);
  #events: Events;

  mode: Mode = $derived.by(() =>
    preferences.modeFor(this.chapter.series.slug, this.chapter.series.reading_direction)
  );
  spreads: Spread[] = $derived.by(() =>
    pairPages(
      this.chapter.pages,
      this.mode !== 'strip' && this.isRoomy && preferences.isDouble ? 'double' : 'single'
    )
  );
  spread = $derived.by(() => spreadOf(this.spreads, this.at));
  shown: Spread = $derived.by(() => this.spreads[this.spread] ?? []);
  /** The spread on the screen, or -1 and the number of spreads for the cards at both ends. */
  step = $derived.by(() => {
    if (this.edge === 'none') return this.spread;
    return this.edge === 'start' ? -1 : this.spreads.length;
  });

  constructor(chapter: Chapter, startPage: number, events: Events) {
    this.chapter = chapter;
    this.#events = events;
    this.at = Math.min(Math.max(0, startPage - 1), Math.max(0, chapter.pages.length - 1));
  }

  get count(): number {
    return this.chapter.pages.length;
  }

  turn(direction: 'next' | 'previous'): void {
    if (direction === 'next') this.#next();
    else this.#previous();
  }

  /** To a page by its index: keys, scrubber, a restored place. */
  goTo(page: number): void {
    this.edge = 'none';
    this.at = Math.min(Math.max(0, page), Math.max(0, this.count - 1));
    this.jumps += 1;
    this.#tell();
  }

  /** A strip was scrolled by hand and this page is in sight now. */
  scrolledTo(page: number, edge: Edge): void {
    if (page === this.at && edge === this.edge) return;
    this.at = page;
    this.edge = edge;
    this.#tell();
  }

  /** A place that another device kept, unless somebody has begun to turn pages here. */
  restore(page: number): void {
    if (this.isTouched) return;
    this.goTo(page - 1);
    this.isTouched = false;
  }

  openChapter(which: 'next' | 'previous'): void {
    const neighbour = this.chapter[which];
    if (neighbour) this.#events.onchapter(neighbour.id, which === 'next' ? 'start' : 'end');
  }

  /** A chapter that fits one screen is read as soon as it is seen. */
  begin(): void {
    if (this.spreads.length === 1) this.#tell();
  }

  #next(): void {
    if (this.edge === 'end') this.openChapter('next');
    else if (this.edge === 'start') this.goTo(0);
    else if (this.spread < this.spreads.length - 1) {
      this.goTo(this.spreads[this.spread + 1]?.[0] ?? this.at);
    } else {
      this.edge = 'end';
      this.jumps += 1;
      this.#tell();
    }
  }

  #previous(): void {
    if (this.edge === 'start') this.openChapter('previous');
    else if (this.edge === 'end') this.goTo(this.at);
    else if (this.spread > 0) this.goTo(this.spreads[this.spread - 1]?.[0] ?? this.at);
    else if (this.chapter.previous) {
      this.edge = 'start';
      this.jumps += 1;
    }
  }

  #tell(): void {
    this.isTouched = true;
    const last = this.shown.at(-1) ?? this.at;
    this.#events.onplace(this.at + 1, last >= this.count - 1);
  }
}
