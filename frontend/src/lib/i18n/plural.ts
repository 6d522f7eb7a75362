/** Which form of a word goes with a number, by the CLDR rules of our three languages. */
export type Language = 'en' | 'ky' | 'ru';
export type PluralForm = 'one' | 'few' | 'many' | 'other';

export const languages: readonly Language[] = ['ky', 'ru', 'en'];

export function pluralForm(language: Language, count: number): PluralForm {
  const whole = Number.isInteger(count);
  if (language !== 'ru') return count === 1 ? 'one' : 'other';
  if (!whole) return 'other';
  const last = Math.abs(count) % 10;
  const lastTwo = Math.abs(count) % 100;
  if (last === 1 && lastTwo !== 11) return 'one';
  if (last >= 2 && last <= 4 && (lastTwo < 12 || lastTwo > 14)) return 'few';
  return 'many';
}
