/** The words on the screen: which language is chosen, and each text in it. */
import {
  fill,
  type Catalogue,
  type CountKey,
  type MainCatalogue,
  type Params,
  type Parts,
  type TextKey
} from './catalogue';
import { fewWords } from './fewWords';
import { dayHeading, formatDate, formatDateTime, formatTime, inZone, relativeTime } from './dates';
import { formatBytes, formatDuration, formatNumber } from './numbers';
import { languages, pluralForm, type Language } from './plural';
import { readLocal, writeLocal } from '$lib/ui/storage';

const storageKey = 'mangakg.language';

// The annotations make a missing or misshapen key in ky or ru a type error.
const loaders: Record<Language, () => Promise<MainCatalogue>> = {
  en: async () => (await import('./en.json')).default,
  ky: async () => (await import('./ky.json')).default,
  ru: async () => (await import('./ru.json')).default
};

type Part = keyof Parts;
const partLoaders: { [Name in Part]: Record<Language, () => Promise<Parts[Name]>> } = {
  anilist: {
    en: async () => (await import('./anilist/en.json')).default,
    ky: async () => (await import('./anilist/ky.json')).default,
    ru: async () => (await import('./anilist/ru.json')).default
  },
  jobs: {
    en: async () => (await import('./jobs/en.json')).default,
    ky: async () => (await import('./jobs/ky.json')).default,
    ru: async () => (await import('./jobs/ru.json')).default
  },
  sources: {
    en: async () => (await import('./sources/en.json')).default,
    ky: async () => (await import('./sources/ky.json')).default,
    ru: async () => (await import('./sources/ru.json')).default
  }
};

let language = $state<Language>('en');
let catalogue = $state.raw<Partial<Catalogue>>();
let timeZone = $state('');

function isLanguage(value: string | null | undefined): value is Language {
  return languages.includes(value as Language);
}

/** What was chosen here, else the first of the browser's languages that we speak. */
export function preferredLanguage(): Language {
  const chosen = readLocal(storageKey);
  if (isLanguage(chosen)) return chosen;
  const spoken = navigator.languages.map((tag) => tag.slice(0, 2).toLowerCase()).find(isLanguage);
  return spoken ?? 'en';
}

export function hasChosenLanguage(): boolean {
  return isLanguage(readLocal(storageKey));
}

/** The language that was asked for last: a slower answer to an earlier wish changes nothing. */
let wanted: Language | undefined;

/** Throws where its words could not be had; what was spoken before is spoken on. */
export async function loadLanguage(next: Language): Promise<void> {
  wanted = next;
  if (catalogue && next === language) return;
  const loaded = await wordsOf(next);
  if (wanted !== next) return;
  catalogue = loaded;
  language = next;
  document.documentElement.lang = next;
}

/** The parts that some screen has asked for, which another language is to have too. */
const needed = new Map<Part, Promise<void>>();

async function wordsOf(next: Language): Promise<Partial<Catalogue>> {
  const parts = [...needed.keys()];
  const loads = [loaders[next](), ...parts.map((part) => partLoaders[part][next]())];
  const all: Partial<Catalogue>[] = await Promise.all(loads);
  // A screen may have asked for more while these were coming.
  return needed.size === parts.length ? Object.assign({}, ...all) : wordsOf(next);
}

/** Brings the words of some screens; whoever shows one of them waits for it. */
export function needWords(part: Part): Promise<void> {
  const coming = needed.get(part) ?? addWords(part);
  needed.set(part, coming);
  return coming;
}

async function addWords(part: Part): Promise<void> {
  const spoken = language;
  try {
    const words = await partLoaders[part][spoken]();
    // Where another language is spoken by now, it has brought them along.
    if (spoken === language) catalogue = { ...catalogue, ...words };
  } catch (problem) {
    needed.delete(part);
    throw problem;
  }
}

/** A component that is loaded together with its words. */
export async function withWords<Loaded>(part: Part, loading: Promise<Loaded>): Promise<Loaded> {
  const [loaded] = await Promise.all([loading, needWords(part)]);
  return loaded;
}

/** Whether the words are there; until then there are only those of `fewWords`. */
export function hasWords(): boolean {
  return catalogue !== undefined;
}

export async function chooseLanguage(next: Language): Promise<void> {
  await loadLanguage(next);
  // Only what can be spoken is remembered: else the next visit would begin without words.
  if (language === next) writeLocal(storageKey, next);
}

/** By whose clock times are told: an IANA name, or empty for the device's. */
export function tellTimeIn(zone: string): void {
  timeZone = zone;
}

export function currentLanguage(): Language {
  return language;
}

export function t(key: TextKey, params: Params = {}): string {
  return fill(catalogue?.[key] ?? fewWords[wanted ?? language][key] ?? '', params);
}

/** A text that counts: picks the form that the language wants and fills in {count}. */
export function counted(key: CountKey, count: number): string {
  const forms = catalogue?.[key];
  if (!forms) return '';
  const form = forms[pluralForm(language, count)] ?? forms.other;
  return fill(form, { count: formatNumber(language, count) });
}

/** A text whose key is put together at run time, such as a kind from the server; else the value. */
export function named(group: string, value: string): string {
  const key = `${group}.${value}` as TextKey;
  const text = catalogue?.[key];
  return typeof text === 'string' ? text : value;
}

/** The name of a language by its tag, in that language where the app speaks it. */
export function languageName(tag: string): string {
  const name = named('language', tag.slice(0, 2));
  if (name !== tag.slice(0, 2)) return name;
  try {
    return new Intl.DisplayNames([language, 'en'], { type: 'language' }).of(tag) ?? tag;
  } catch {
    return tag;
  }
}

/** Out of {"en", "ky", "ru"} from the server: ours, else the nearest that has words. */
export function inOurWords(words: Record<string, string | undefined>): string {
  return words[language] || words.ru || words.en || Object.values(words).find(Boolean) || '';
}

function wallClock(iso?: string): Date {
  return inZone(iso ? new Date(iso) : new Date(), timeZone);
}

export const say = {
  number: (value: number, decimals = 0) => formatNumber(language, value, decimals),
  bytes: (value: number) => formatBytes(language, value),
  duration: (seconds: number) => formatDuration(language, seconds),
  ago: (iso: string) => relativeTime(language, wallClock(iso), wallClock()),
  exact: (iso: string) => formatDateTime(language, wallClock(iso)),
  time: (iso: string) => formatTime(wallClock(iso)),
  date: (iso: string) => formatDate(language, wallClock(iso)),
  /** The same for all moments of one day. */
  dayKey: (iso: string) => wallClock(iso).toDateString(),
  day: (iso: string) => dayHeading(language, wallClock(iso), wallClock())
};
