/**
 * One chapter being read: the page somebody is on, what turning does there, and when it is read.
 * Views show it and report to it; it knows no pixels.
 */
import type { Chapter } from '$lib/api/types';
import { SvelteMap } from 'svelte/reactivity';
import type { Mode } from './keys';
import { allowedToLoad, stripGroups } from './loading';
import type { Place } from './positions';
import type { Fit } from './choices';
import { preferences } from './preferences.svelte';
import { liveRange, pairPages, spreadOf, stepsAround, type Spread } from './spreads';

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
  /** How pictures on their pages ended that are in memory, and those that failed. */
  readonly #pictures = new SvelteMap<number, 'loaded' | 'failed'>();
  readonly #events: Events;
  /** The last page has been turned to or scrolled to, page by page. */
  #isEndSeen = false;
  /** The place was sent for by scrubber, key or address: what lies before it was not read. */
  #isSent: boolean;

  mode: Mode = $derived.by(() =>
    preferences.modeFor(this.slug, this.chapter.series.reading_direction)
  );
  fit: Fit = $derived.by(() => preferences.fitFor(this.slug));
  isPaired = $derived.by(() => this.mode !== 'strip' && this.isRoomy && preferences.isDouble);
  isShifted = $derived.by(() => preferences.chosenFor(this.slug).isShifted ?? false);
  spreads: Spread[] = $derived.by(() => {
    const layout = !this.isPaired ? 'single' : this.isShifted ? 'double-shifted' : 'double';
    return pairPages(this.chapter.pages, layout);
  });
  spread = $derived.by(() => spreadOf(this.spreads, this.at));
  shown: Spread = $derived.by(() => this.spreads[this.spread] ?? []);
  /** The spread on the screen, or -1 and the number of spreads for the cards at both ends. */
  step = $derived.by(() => {
    if (this.edge === 'none') return this.spread;
    return this.edge === 'start' ? -1 : this.spreads.length;
  });
  /** In a strip, the pages that may hold a picture. */
  live = $derived.by(() => liveRange(this.at, this.count, { behind: 3, ahead: 9 }));
  /** The pages whose pictures may be loaded now. */
  loadable: ReadonlySet<number> = $derived.by(() => {
    const isSettled = (page: number) => this.#pictures.has(page);
    if (this.mode === 'strip') return allowedToLoad(stripGroups(this.at, this.live), isSettled, 2);
    const groups = stepsAround(this.spread).map((step) => this.spreads[step] ?? []);
    return allowedToLoad(groups, isSettled, 1);
  });

  constructor(chapter: Chapter, start: Place & { isSent?: boolean }, events: Events) {
    this.chapter = chapter;
    this.#events = events;
    this.at = this.#within(start.page - 1);
    this.offset = start.offset;
    this.#isSent = start.isSent ?? false;
  }

  get slug(): string {
    return this.chapter.series.slug;
  }

  get count(): number {
    return this.chapter.pages.length;
  }

  turn(direction: 'next' | 'previous'): void {
    this.#isSent = false;
    if (direction === 'next') this.#next();
    else this.#previous();
  }

  /** To a page by its index, past those between: keys, scrubber. They are not read by it. */
  jumpTo(page: number): void {
    this.#isSent = true;
    this.#goTo(page);
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
    // Whoever was sent to the end and then goes on behind it, or back, reads it.
    if (!isEndSeen || this.edge === 'end') this.#isSent = false;
    this.#tell(isEndSeen);
  }

  /** A place that another device kept, unless somebody has begun to turn pages here. It is told to
   * nobody: it was not turned to here. */
  restore(place: Place): void {
    if (!this.isTouched) this.#show(place.page - 1, place.offset);
  }

  openChapter(which: 'next' | 'previous', from: 'start' | 'end'): void {
    const neighbour = this.chapter[which];
    if (neighbour) this.#events.onchapter(neighbour.id, from);
  }

  /** A chapter that fits one screen is read as soon as it is seen; a strip says so itself. */
  begin(): void {
    if (this.mode === 'strip' || this.spreads.length !== 1) return;
    this.#isEndSeen = true;
    this.#tellWhenRead();
  }

  /** A page's picture was loaded, or given up; null: it is out of memory or on its way again. */
  pictureEnded(page: number, how: 'loaded' | 'failed' | null): void {
    if (how !== null) this.#pictures.set(page, how);
    else if (this.#pictures.get(page) === 'loaded') this.#pictures.delete(page);
    if (how === 'loaded') this.#tellWhenRead();
  }

  #next(): void {
    if (this.edge === 'end') this.openChapter('next', 'start');
    else if (this.edge === 'start') this.#goTo(0);
    else if (this.spread < this.spreads.length - 1) {
      this.#goTo(this.spreads[this.spread + 1]?.[0] ?? this.at);
    } else {
      this.edge = 'end';
      this.jumps += 1;
      this.#tellTurn();
    }
  }

  #previous(): void {
    if (this.edge === 'start') this.openChapter('previous', 'end');
    else if (this.edge === 'end') this.#goTo(this.at);
    else if (this.spread > 0) this.#goTo(this.spreads[this.spread - 1]?.[0] ?? this.at);
    else if (this.chapter.previous) {
      this.edge = 'start';
      this.jumps += 1;
    }
  }

  #within(page: number): number {
    return Math.min(Math.max(0, page), Math.max(0, this.count - 1));
  }

  #goTo(page: number): void {
    this.#show(page, 0);
    this.#tellTurn();
  }

  #show(page: number, offset: number): void {
    this.edge = 'none';
    this.at = this.#within(page);
    this.offset = offset;
    this.jumps += 1;
  }

  /** A whole page is seen as soon as it is shown. A strip tells its place when it stands there. */
  #tellTurn(): void {
    this.isTouched = true;
    if (this.mode !== 'strip') this.#tell((this.shown.at(-1) ?? this.at) >= this.count - 1);
  }

  #tell(isAtEnd: boolean): void {
    this.isTouched = true;
    this.#isEndSeen = isAtEnd && !this.#isSent;
    const offset = this.mode === 'strip' ? this.offset : 0;
    this.#events.onplace({ page: this.at + 1, offset }, this.#isEndSeen && this.#hasPictures());
  }

  /** The end may be reached before its picture is; it is read when the picture is there. */
  #tellWhenRead(): void {
    if (this.#isEndSeen && this.#hasPictures()) this.#tell(true);
  }

  /** The end's pictures are there, and none failed on the way. */
  #hasPictures(): boolean {
    const last = this.mode === 'strip' ? [this.count - 1] : (this.spreads.at(-1) ?? []);
    const hasFailed = [...this.#pictures.values()].includes('failed');
    return !hasFailed && last.every((page) => this.#pictures.get(page) === 'loaded');
  }
}
