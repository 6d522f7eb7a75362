/** A cover for what has none: colours and a felt ornament worked out from the name alone. */
export interface Drawing {
  hue: number;
  letter: string;
  /** Which of the ornament's 12 steps are filled, mirrored four ways like a shyrdak. */
  cells: readonly boolean[];
}

const cellCount = 12;

function hashOf(text: string): number {
  let hash = 2166136261;
  for (const char of text) {
    hash ^= char.codePointAt(0) ?? 0;
    hash = Math.imul(hash, 16777619);
  }
  return hash >>> 0;
}

export function drawingOf(name: string): Drawing {
  const hash = hashOf(name);
  const letter = [...name.trim()].find((char) => /[\p{L}\p{N}]/u.test(char)) ?? '';
  const cells = Array.from({ length: cellCount }, (_, index) => ((hash >>> index) & 1) === 1);
  return { hue: hash % 360, letter: letter.toLocaleUpperCase(), cells };
}
