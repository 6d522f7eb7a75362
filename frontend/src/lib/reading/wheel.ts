/** Turns the page by the wheel: one notch of a mouse, or one stroke on a trackpad, is one page. */

const notch = 100;
const strokePixels = 60;
const notchRestMs = 120;
const strokeRestMs = 180;

interface Turned {
  deltaY: number;
  /** 0: pixels; mice of some browsers count lines or pages. */
  deltaMode: number;
  timeStamp: number;
}

export class WheelTurns {
  #sum = 0;
  #last = -Infinity;
  #isResting = false;

  /** Which way to turn, if at all. `canScroll`: the page itself still scrolls that way. */
  read(event: Turned, canScroll: boolean): 'next' | 'previous' | null {
    const isNotch = event.deltaMode !== 0 || Math.abs(event.deltaY) >= notch;
    const pause = event.timeStamp - this.#last;
    this.#last = event.timeStamp;
    if (pause > (isNotch ? notchRestMs : strokeRestMs)) {
      this.#sum = 0;
      this.#isResting = false;
    }
    // What scrolled to the end of a tall page has to stop before it turns.
    if (canScroll) this.#isResting = true;
    if (this.#isResting) return null;
    this.#sum += event.deltaY;
    if (!isNotch && Math.abs(this.#sum) < strokePixels) return null;
    const direction = this.#sum > 0 ? 'next' : 'previous';
    this.#sum = 0;
    this.#isResting = true;
    return direction;
  }
}
