/** The languages that one can choose to read in, and their order. */
export const offered = [
  'ky',
  'ru',
  'en',
  'ja',
  'ko',
  'zh',
  'kk',
  'uz',
  'tr',
  'uk',
  'de',
  'fr',
  'es',
  'pt-br',
  'id',
  'vi'
] as const;

/** The list with one of it a place further up or down; as it is where that is an end. */
export function moved(list: readonly string[], one: string, by: -1 | 1): string[] {
  const from = list.indexOf(one);
  const to = from + by;
  if (from < 0 || to < 0 || to >= list.length) return [...list];
  return list.toSpliced(from, 1).toSpliced(to, 0, one);
}
