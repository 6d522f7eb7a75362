/** Reads a chapter's number, volume and language out of the name of a file or folder. */
export interface Guess {
  /** Empty for a one-shot. */
  number: string;
  volume: string;
  /** BCP 47, or empty when the name does not say. */
  language: string;
}

/** How people write a language in a name. */
const spellings: Record<string, string> = {
  ky: 'ky kg kyr kgz kyrgyz kyrgyzcha кг кырг кыргыз кыргызча кыргызский кыргызском',
  ru: 'ru rus russian ру рус русский русском орус орусча',
  en: 'en eng english англ английский английском англисче',
  ja: 'ja jp jpn japanese raw raws японский',
  ko: 'ko kr kor korean',
  zh: 'zh cn chi chinese',
  kk: 'kk kz kaz каз қазақша',
  uz: 'uz uzb',
  tr: 'tr tur turkish türkçe',
  es: 'es esp spanish',
  fr: 'fr fra french',
  de: 'de ger german',
  pt: 'pt',
  'pt-br': 'pt-br br',
  id: 'id indo',
  vi: 'vi',
  it: 'it',
  uk: 'uk укр'
};
const languageOf = new Map(
  Object.entries(spellings).flatMap(([tag, words]) =>
    words.split(' ').map((word) => [word, tag] as const)
  )
);
/** Short words that stand at the beginning of a name for nothing else. */
const leading = new Set(['ky', 'kg', 'ru', 'en']);

/** What a chapter is called tells the language too, where it is said in one language only. */
const toldByChapter: readonly [RegExp, string][] = [
  [/бөлүм|бөл(?!\p{L})|болум/iu, 'ky'],
  [/глав|(?<!\p{L})гл(?!\p{L})|выпуск/iu, 'ru'],
  [/тарау/iu, 'kk'],
  [/\d\s*話/u, 'ja'],
  [/\d\s*话/u, 'zh'],
  [/\d\s*화/u, 'ko']
];

// A letter before would make "c" the end of a word: "Epic 3" is no chapter 3 by this rule.
const start = String.raw`(?<![\p{L}\p{N}])`;
const number = String.raw`(\d{1,4}(?:[.,]\d{1,3})?)`;
const whole = String.raw`(\d{1,3})`;
const ordinal = '(?:-?[йя])?';
const noDigit = String.raw`(?!\d)`;
const noLetter = String.raw`(?!\p{L})`;
const between = String.raw`(?:[\s.:#~-]|No(?=[\s.\d]))*`;
const chapterWord =
  'chapters?|chap|chp|ch|c|episode|ep|issue|глав[аы]?|гл|выпуск|вып|эпизод|бөлүм|бөл|болум|' +
  'bölüm|bolum|glava|capítulo|capitulo|cap|chapitre|chap|kapitel|тарау|bob';
const volumeWord = 'volume|vol|v|том|tom|tome|cilt|band';

const pairs = [
  // "2 том 15 глава", "2-том 15-бөлүм": the words stand behind their numbers.
  `${start}${whole}${ordinal}[\\s-]*том${noLetter}[\\s,.-]*${number}${ordinal}[\\s-]*(?:глава|бөлүм|болум)${noLetter}(?!\\s*\\d)`,
  // As readmanga names its files: volume and chapter, and nothing else.
  `^${whole}\\s*-\\s*${number}$`
].map((pattern) => new RegExp(pattern, 'iu'));

const volumePatterns = [
  `${start}${whole}-(?:том|tom)${noLetter}`,
  `${start}(?:${volumeWord})${between}${whole}(?![\\d.,]*\\d)`,
  `${start}[тt]\\.?${whole}(?=гл|[^\\p{L}\\d]|$)`,
  `${start}${whole}${ordinal}\\s*-?\\s*(?:том|tom)${noLetter}`,
  `第?\\s*${whole}\\s*[巻卷권]`
].map((pattern) => new RegExp(pattern, 'iu'));

const chapterPatterns = [
  `${start}${number}-(?:бөлүм|бөл|болум|bölüm|bolum|глава|тарау|bob|чы)`,
  `${start}(?:${chapterWord})${between}${number}${noDigit}`,
  `${start}${number}${ordinal}[\\s.-]*(?:chapter|глав[аы]|бөлүм|болум|bölüm|bolum|тарау|bob)${noLetter}`,
  `第?\\s*${number}\\s*[話话回章화]`,
  `#\\s*${number}${noDigit}`
].map((pattern) => new RegExp(pattern, 'iu'));

const noise = [
  // Dates, which are no chapters.
  /(?<!\d)(?:19|20)\d\d[-.](?:0?[1-9]|1[0-2])[-.]\d{1,2}(?!\d)/gu,
  /(?<!\d)\d{1,2}\.\d{1,2}\.(?:19|20)\d\d(?!\d)/gu,
  // What systems write behind the name of a copy.
  /(?<!\p{L})(?:copy|копия|көчүрмө)(?!\p{L})\s*\(?\d*\)?/giu,
  // Seasons are no volumes.
  /(?<![\p{L}\d])(?:season|сезон|s)\s*\d{1,2}(?![\d.])|(?<!\d)\d{1,2}[\s-]*сезон/giu
];
/** The second try at the same chapter: "ch. 12 v2". A volume is padded, or stands before. */
const version = new RegExp(`(${number})\\s+v[2-9](?![\\d.])`, 'iu');
const bracketed = /[[({【]([^\])}】]*)[\])}】]/gu;

function tidy(text: string): string {
  const [integer = '', fraction = ''] = text.replace(',', '.').split('.');
  const short = fraction.replace(/0+$/, '');
  return integer.replace(/^0+(?=\d)/, '') + (short ? `.${short}` : '');
}

function takeFirst(text: string, patterns: readonly RegExp[]): [found: string, rest: string] {
  for (const pattern of patterns) {
    const match = pattern.exec(text);
    if (match?.[1]) return [tidy(match[1]), text.replace(match[0], ' | ')];
  }
  return ['', text];
}

function findLanguage(text: string): string {
  // In brackets first: a bare "ko" may be a word of the name.
  const inside = [...text.matchAll(bracketed)].map(([, words = '']) => words.toLowerCase().trim());
  const tags = inside.flatMap((words) => [words, ...words.split(/[\s.]+/).filter(isLong)]);
  const bare = text.replace(bracketed, ' ').trim();
  const words = bare.split(/[\s.,-]+/).filter(Boolean);
  const telling = words.filter((word, index) => {
    const isFirst = index === 0 && words.length > 1 && leading.has(word.toLowerCase());
    return isFirst || index === words.length - 1 || isLong(word) || /^[A-Z]{2}$/.test(word);
  });
  for (const word of [...tags, ...telling.map((one) => one.toLowerCase())]) {
    const language = languageOf.get(word);
    if (language) return language;
  }
  return toldByChapter.find(([pattern]) => pattern.test(text))?.[1] ?? '';
}

/** A word of three letters and more stands for a language wherever it is. */
function isLong(word: string): boolean {
  return word.length > 2;
}

/** A number that stands by itself and is no year: before the name, padded, or else the last. */
function loneNumber(text: string): string {
  const plain = text.replace(bracketed, ' ').trim();
  const first = new RegExp(`^${number}(?:\\s+-|\\.|-)\\s*\\p{L}`, 'u').exec(plain)?.[1];
  const lone = new RegExp(`${start}${number}(?:v\\d|[a-zа-я](?!\\p{L}))?(?![\\p{L}\\d%])`, 'giu');
  const found = [...plain.matchAll(lone)]
    .map(([, digits = '']) => digits)
    .filter((digits) => !/^(19|20)\d\d$/.test(digits));
  return tidy(first ?? found.findLast((digits) => /^0\d/.test(digits)) ?? found.at(-1) ?? '');
}

export function guessChapter(name: string): Guess {
  const bare = name
    .replaceAll('½', '.5')
    .normalize('NFKC')
    .replace(/(\.(zip|cbz))+$/i, '')
    .replaceAll(/[_+]/g, ' ')
    .trim();
  const language = findLanguage(bare);
  const text = noise.reduce((left, pattern) => left.replace(pattern, ' '), bare).trim();
  for (const pair of pairs) {
    const match = pair.exec(text);
    if (match?.[1] && match[2]) return { number: tidy(match[2]), volume: tidy(match[1]), language };
  }
  const [volume, rest] = takeFirst(text.replace(version, '$1'), volumePatterns);
  const [chapter] = takeFirst(rest, chapterPatterns);
  const isOneShot = /one[\s-]?shot|ваншот|сингл/iu.test(bare);
  return { number: chapter || (isOneShot ? '' : loneNumber(rest)), volume, language };
}

/** What nested folders say together: the innermost goes before those around it. */
export function guessFolder(path: readonly string[]): Guess {
  const guesses = path.map(guessChapter).reverse();
  const first = (pick: (guess: Guess) => string) => guesses.map(pick).find(Boolean) ?? '';
  return {
    number: first((guess) => guess.number),
    volume: first((guess) => guess.volume),
    language: first((guess) => guess.language)
  };
}
