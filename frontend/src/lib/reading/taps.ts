/** Tells one tap from two. */

const doubleMs = 260;
const nearPixels = 40;

interface Point {
  x: number;
  y: number;
}

export class Taps {
  #waiting: { point: Point; timer: ReturnType<typeof setTimeout> } | null = null;

  /** Calls `single` when no second tap has come in time, else `double` at once. */
  tap(point: Point, { single, double }: { single: () => void; double: () => void }): void {
    const first = this.#waiting;
    this.cancel();
    if (first && Math.hypot(point.x - first.point.x, point.y - first.point.y) < nearPixels) {
      double();
      return;
    }
    const timer = setTimeout(() => {
      this.#waiting = null;
      single();
    }, doubleMs);
    this.#waiting = { point, timer };
  }

  cancel(): void {
    if (this.#waiting) clearTimeout(this.#waiting.timer);
    this.#waiting = null;
  }
}
