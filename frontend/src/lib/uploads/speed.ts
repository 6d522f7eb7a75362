/** How fast bytes leave, over the last seconds, so that one stall neither hides nor shocks. */
const windowMs = 5000;

interface Sample {
  at: number;
  sent: number;
}

export class Speedometer {
  #samples: Sample[] = [];

  add(at: number, sent: number): void {
    this.#samples.push({ at, sent });
    this.#samples = this.#samples.filter((sample) => sample.at >= at - windowMs);
  }

  /** Bytes in a second; 0 until two moments are known. */
  get bytesPerSecond(): number {
    const first = this.#samples[0];
    const last = this.#samples.at(-1);
    if (!first || !last || last.at <= first.at) return 0;
    return ((last.sent - first.sent) / (last.at - first.at)) * 1000;
  }

  secondsLeft(total: number): number | null {
    const sent = this.#samples.at(-1)?.sent ?? 0;
    return this.bytesPerSecond > 0 ? (total - sent) / this.bytesPerSecond : null;
  }
}
