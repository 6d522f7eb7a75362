/** Reads a chapter's number, volume and language out of a file's name, as people write them. */
export interface Guess {
  /** Empty for a one-shot. */
  number: string;
  volume: string;
  /** BCP 47, or empty when the name does not say. */
  language: string;
}

const languageWords: Record<string, string> = {
  en: 'en',
  eng: 'en',
  english: 'en',
  ru: 'ru',
  rus: 'ru',
  russian: 'ru',
  рус: 'ru',
  русский: 'ru',
  ky: 'ky',
  kg: 'ky',
  kir: 'ky',
  kyr: 'ky',
  kyrgyz: 'ky',
  кырг: 'ky',
  кыргызча: 'ky',
  ja: 'ja',
  jp: 'ja',
  jpn: 'ja',
  raw: 'ja',
  ko: 'ko',
  kor: 'ko',
  zh: 'zh',
  tr: 'tr',
  kk: 'kk',
  uz: 'uz'
};

// A letter before would make "c" the end of a word: "Epic 3" is no chapter 3 by this rule.
const start = String.raw`(?<![\p{L}\p{N}])`;
const number = String.raw`(\d{1,4}(?:[.,]\d{1,3})?)`;
const end = String.raw`(?![\d])`;

const chapterPatterns = [
  `${start}(?:chapter|chap|ch|c|episode|ep|глава|глав|гл|выпуск|бөлүм|бөл)[\\s._№#-]*${number}${end}`,
  `${start}${number}\\s*-?\\s*(?:chapter|глава|бөлүм)`,
  `第\\s*${number}\\s*[話话回章]`,
  `#\\s*${number}${end}`
].map((pattern) => new RegExp(pattern, 'iu'));

const volumePatterns = [
  `${start}(?:volume|vol|v|том|т)[\\s._№#-]*(\\d{1,3})(?![\\d.,]*\\d)`,
  `${start}(\\d{1,3})\\s*-?\\s*том(?!\\p{L})`,
  `第\\s*(\\d{1,3})\\s*[巻卷]`
].map((pattern) => new RegExp(pattern, 'iu'));

function tidy(text: string): string {
  const [whole = '', fraction = ''] = text.replace(',', '.').split('.');
  const short = fraction.replace(/0+$/, '');
  return whole.replace(/^0+(?=\d)/, '') + (short ? `.${short}` : '');
}

function takeFirst(text: string, patterns: readonly RegExp[]): [found: string, rest: string] {
  for (const pattern of patterns) {
    const match = pattern.exec(text);
    if (match?.[1]) return [tidy(match[1]), text.replace(match[0], ' ')];
  }
  return ['', text];
}

function findLanguage(text: string): string {
  // In brackets first: a bare "ko" may be a word of the name.
  const bracketed = [...text.matchAll(/[[({]\s*([\p{L}]{2,9})\s*[\])}]/gu)].map(([, word]) => word);
  const last = /[\s._-]([\p{L}]{2,9})$/u.exec(text.trim())?.[1];
  for (const word of [...bracketed, last]) {
    const language = word && languageWords[word.toLowerCase()];
    if (language) return language;
  }
  return '';
}

/** A number that stands by itself: the last one that is no year and no resolution. */
function loneNumber(text: string): string {
  const plain = text.replace(/[[({][^\])}]*[\])}]/g, ' ');
  const found = [...plain.matchAll(new RegExp(`${start}${number}(?:v\\d)?(?![\\p{L}\\d])`, 'giu'))]
    .map(([, digits = '']) => digits)
    .filter((digits) => !/^(19|20)\d\d$/.test(digits));
  return tidy(found.at(-1) ?? '');
}

export function guessChapter(filename: string): Guess {
  const bare = filename.replace(/\.(zip|cbz)$/i, '').replaceAll('_', ' ');
  const language = findLanguage(bare);
  const [chapter, withoutChapter] = takeFirst(bare, chapterPatterns);
  const [volume, rest] = takeFirst(withoutChapter, volumePatterns);
  const isOneShot = /one[\s-]?shot|ваншот/iu.test(bare);
  return { number: chapter || (isOneShot ? '' : loneNumber(rest)), volume, language };
}
