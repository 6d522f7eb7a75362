/**
 * One chapter being read: the page somebody is on, what turning does there, and when it is read.
 * Views show it and report to it; it knows no pixels.
 */
import type { Chapter } from '$lib/api/types';
import type { Mode } from './keys';
import type { Place } from './positions';
import { preferences } from './preferences.svelte';
import { pairPages, spreadOf, type Spread } from './spreads';

/** On a page, or on the card before the first or behind the last. */
export type Edge = 'start' | 'none' | 'end';

interface Events {
  onplace: (place: Place, isFinished: boolean) => void;
  onchapter: (id: number, from: 'start' | 'end') => void;
}

export class Reader {
  readonly chapter: Chapter;
  /** Index of the page somebody is on. */
  at = $state(0);
  /** In a strip, how far down that page the line of reading is: a fraction of its height. */
  offset = $state(0);
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

  constructor(chapter: Chapter, start: Place, events: Events) {
    this.chapter = chapter;
    this.#events = events;
    this.at = this.#within(start.page - 1);
    this.offset = start.offset;
  }

  get count(): number {
    return this.chapter.pages.length;
  }

  turn(direction: 'next' | 'previous'): void {
    if (direction === 'next') this.#next();
    else this.#previous();
  }

  /** To a page by its index: keys, scrubber. */
  goTo(page: number): void {
    this.#show(page, 0);
    this.#tellTurn();
  }

  /** A strip was scrolled by hand to this place. */
  scrolledTo(page: number, offset: number, edge: Edge): void {
    this.isTouched = true;
    this.at = page;
    this.offset = offset;
    this.edge = edge;
  }

  /** A strip stands where it was sent or scrolled to; it is read where its end has been seen. */
  settled(offset: number, isEndSeen: boolean): void {
    this.offset = offset;
    this.#tell(isEndSeen);
  }

  /** A place that another device kept, unless somebody has begun to turn pages here. */
  restore(place: Place): void {
    if (!this.isTouched) this.#show(place.page - 1, place.offset);
  }

  openChapter(which: 'next' | 'previous'): void {
    const neighbour = this.chapter[which];
    if (neighbour) this.#events.onchapter(neighbour.id, which === 'next' ? 'start' : 'end');
  }

  /** A chapter that fits one screen is read as soon as it is seen; a strip says so itself. */
  begin(): void {
    if (this.mode !== 'strip' && this.spreads.length === 1) this.#tell(true);
  }

  #next(): void {
    if (this.edge === 'end') this.openChapter('next');
    else if (this.edge === 'start') this.goTo(0);
    else if (this.spread < this.spreads.length - 1) {
      this.goTo(this.spreads[this.spread + 1]?.[0] ?? this.at);
    } else {
      this.edge = 'end';
      this.jumps += 1;
      this.#tellTurn();
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

  #within(page: number): number {
    return Math.min(Math.max(0, page), Math.max(0, this.count - 1));
  }

  #show(page: number, offset: number): void {
    this.edge = 'none';
    this.at = this.#within(page);
    this.offset = offset;
    this.jumps += 1;
  }

  /** A whole page is read as soon as it is shown. A strip tells its place when it stands there. */
  #tellTurn(): void {
    this.isTouched = true;
    if (this.mode !== 'strip') this.#tell((this.shown.at(-1) ?? this.at) >= this.count - 1);
  }

  #tell(isFinished: boolean): void {
    this.isTouched = true;
    const offset = this.mode === 'strip' ? this.offset : 0;
    this.#events.onplace({ page: this.at + 1, offset }, isFinished);
  }
}
