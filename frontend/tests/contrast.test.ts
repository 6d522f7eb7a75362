import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'vitest';

const css = readFileSync(new URL('../src/lib/ui/tokens.css', import.meta.url), 'utf8');
const colours = new Map(
  [...css.matchAll(/--([\w-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)/g)].map(
    ([, name = '', light = '', dark = '']) => [name, { light, dark }]
  )
);

/** Relative luminance, WCAG 2.2: https://www.w3.org/TR/WCAG22/#dfn-relative-luminance */
function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const share = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [low = 0, high = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

const grounds = ['paper', 'surface', 'sunken', 'reader'];
const texts = ['ink', 'ink-soft', 'accent', 'good', 'warn', 'bad'];
const pairs: [front: string, ground: string, least: number][] = [
  ...texts.flatMap((text) =>
    grounds.map((ground) => [text, ground, 4.5] as [string, string, number])
  ),
  ...grounds.map((ground) => ['control', ground, 3] as [string, string, number]),
  ['on-accent', 'accent', 4.5],
  ['paper', 'ink', 4.5],
  ['accent', 'accent-faint', 4.5]
];

for (const [front, ground, least] of pairs) {
  for (const theme of ['light', 'dark'] as const) {
    test(`${front} on ${ground} in ${theme} is at least ${least}:1`, () => {
      const one = colours.get(front)?.[theme];
      const other = colours.get(ground)?.[theme];

      assert.ok(one && other, 'both are tokens');
      assert.ok(contrast(one, other) >= least, contrast(one, other).toFixed(2));
    });
  }
}
