/** When a line counts as slow. */

/** The part of `navigator.connection` that is looked at; not every browser has it. */
export interface Connection {
  saveData?: boolean;
  /** Of downlink, which is there too, browsers know nothing until much has been loaded. */
  effectiveType?: string;
}

/** What is looked at of a file that the browser has loaded, as `PerformanceResourceTiming` has it. */
export interface LoadedFile {
  responseStart: number;
  responseEnd: number;
  /** Nothing where it came from the cache. */
  transferSize: number;
}

/** Fewer bytes tell more about the way to the server than about the line. */
const tellingBytes = 50_000;

/** How fast files arrived, those side by side taken together; null where too little was loaded. */
export function kbitsOf(files: readonly LoadedFile[]): number | null {
  let bytes = 0;
  let ms = 0;
  let until = 0;
  const loaded = files.filter((file) => file.transferSize > 0);
  for (const file of loaded.toSorted((one, other) => one.responseStart - other.responseStart)) {
    bytes += file.transferSize;
    ms += Math.max(0, file.responseEnd - Math.max(file.responseStart, until));
    until = Math.max(until, file.responseEnd);
  }
  return bytes < tellingBytes || ms === 0 ? null : (bytes * 8) / ms;
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
