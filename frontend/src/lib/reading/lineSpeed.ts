/** When a line counts as slow. */

/** The part of `navigator.connection` that is looked at; not every browser has it. */
export interface Connection {
  saveData?: boolean;
  /** Of downlink, which is there too, browsers know nothing until much has been loaded. */
  effectiveType?: string;
}

/** A page of 500 kB takes two seconds. */
const slowKbits = 2000;
/** A line that was slow has to be clearly faster, so that pictures do not change back and forth. */
const fastAgainKbits = 4000;

export function isSlowLine(
  connection: Connection | undefined,
  measuredKbits: number | null,
  wasSlow: boolean
): boolean {
  if (connection?.saveData) return true;
  if (measuredKbits !== null) return measuredKbits < (wasSlow ? fastAgainKbits : slowKbits);
  return (connection?.effectiveType ?? '4g') !== '4g';
}
