/** Numbers, sizes and durations as our three languages write them. */
import type { Language } from './plural.ts';

const narrowSpace = '\u202f';
const bytesUnits: Record<Language, readonly string[]> = {
  en: ['B', 'KB', 'MB', 'GB'],
  ky: ['Б', 'КБ', 'МБ', 'ГБ'],
  ru: ['Б', 'КБ', 'МБ', 'ГБ']
};
const timeUnits: Record<Language, readonly [string, string, string]> = {
  en: ['h', 'min', 's'],
  ky: ['саат', 'мүн', 'сек'],
  ru: ['ч', 'мин', 'с']
};

export function formatNumber(language: Language, value: number, decimals = 0): string {
  const [whole = '0', fraction] = value.toFixed(decimals).split('.');
  const separator = language === 'en' ? ',' : narrowSpace;
  // Russian and Kyrgyz leave four digits together.
  const grouped =
    whole.length > 4 || language === 'en'
      ? whole.replace(/\B(?=(\d{3})+(?!\d))/g, separator)
      : whole;
  if (!fraction || Number(fraction) === 0) return grouped;
  return grouped + (language === 'en' ? '.' : ',') + fraction;
}

/** 1,572,864 bytes as "1.5 MB"; one decimal below ten, units of 1024 as the limits are counted. */
export function formatBytes(language: Language, bytes: number): string {
  const units = bytesUnits[language];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${formatNumber(language, value, unit > 0 && value < 10 ? 1 : 0)}\u00a0${units[unit]}`;
}

/** 95 seconds as "2 min"; below a minute in seconds, rounded up so that it never says 0. */
export function formatDuration(language: Language, seconds: number): string {
  const [hour, minute, second] = timeUnits[language];
  const space = '\u00a0';
  if (seconds < 60) return `${Math.max(1, Math.ceil(seconds))}${space}${second}`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 60) return `${minutes}${space}${minute}`;
  const rest = minutes % 60;
  const hours = `${Math.floor(minutes / 60)}${space}${hour}`;
  return rest ? `${hours} ${rest}${space}${minute}` : hours;
}
