/**
 * Dates in three languages from tables of our own: Chromium knows no Kyrgyz, and one way for all
 * three is easier to trust than two.
 */
import { pluralForm, type Language, type PluralForm } from './plural.ts';

type Forms = Partial<Record<PluralForm, string>> & { other: string };
interface Words {
  months: readonly string[];
  weekdays: readonly string[];
  now: string;
  today: string;
  yesterday: string;
  minute: Forms;
  hour: Forms;
  day: Forms;
}

const words: Record<Language, Words> = {
  en: {
    months:
      'January February March April May June July August September October November December'.split(
        ' '
      ),
    weekdays: 'Sunday Monday Tuesday Wednesday Thursday Friday Saturday'.split(' '),
    now: 'just now',
    today: 'Today',
    yesterday: 'Yesterday',
    minute: { one: '# minute ago', other: '# minutes ago' },
    hour: { one: '# hour ago', other: '# hours ago' },
    day: { one: '# day ago', other: '# days ago' }
  },
  ky: {
    months: 'январь февраль март апрель май июнь июль август сентябрь октябрь ноябрь декабрь'.split(
      ' '
    ),
    weekdays: 'жекшемби дүйшөмбү шейшемби шаршемби бейшемби жума ишемби'.split(' '),
    now: 'азыр эле',
    today: 'Бүгүн',
    yesterday: 'Кечээ',
    minute: { other: '# мүнөт мурун' },
    hour: { other: '# саат мурун' },
    day: { other: '# күн мурун' }
  },
  ru: {
    months:
      'января февраля марта апреля мая июня июля августа сентября октября ноября декабря'.split(
        ' '
      ),
    weekdays: 'воскресенье понедельник вторник среда четверг пятница суббота'.split(' '),
    now: 'только что',
    today: 'Сегодня',
    yesterday: 'Вчера',
    minute: { one: '# минуту назад', few: '# минуты назад', other: '# минут назад' },
    hour: { one: '# час назад', few: '# часа назад', other: '# часов назад' },
    day: { one: '# день назад', few: '# дня назад', other: '# дней назад' }
  }
};

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

function say(language: Language, forms: Forms, count: number): string {
  const form = forms[pluralForm(language, count)] ?? forms.other;
  return form.replace('#', String(count));
}

function twoDigits(value: number): string {
  return String(value).padStart(2, '0');
}

/**
 * The same moment as the clocks of a zone show it, so that a Date's own getters tell it. Empty, or
 * unknown to this browser: the device's zone.
 */
export function inZone(date: Date, zone: string): Date {
  if (!zone) return date;
  try {
    const parts = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric'
    }).formatToParts(date);
    const of = (type: string) => Number(parts.find((part) => part.type === type)?.value);
    return new Date(of('year'), of('month') - 1, of('day'), of('hour'), of('minute'), of('second'));
  } catch {
    return date;
  }
}

/** "12 November 2026", "12 ноября 2026 г.", "2026-жылдын 12-ноябры" shortened to "12-ноябрь, 2026". */
export function formatDate(language: Language, date: Date): string {
  const month = words[language].months[date.getMonth()];
  const day = date.getDate();
  const year = date.getFullYear();
  if (language === 'ky') return `${day}-${month}, ${year}-ж.`;
  if (language === 'ru') return `${day} ${month} ${year} г.`;
  return `${day} ${month} ${year}`;
}

export function formatTime(date: Date): string {
  return `${twoDigits(date.getHours())}:${twoDigits(date.getMinutes())}`;
}

export function formatDateTime(language: Language, date: Date): string {
  return `${formatDate(language, date)}, ${formatTime(date)}`;
}

/** Relative up to a week, then the date. A clock that is a little ahead of ours is "just now". */
export function relativeTime(language: Language, date: Date, now: Date): string {
  const passed = now.getTime() - date.getTime();
  if (passed < minuteMs) return passed > -dayMs ? words[language].now : formatDate(language, date);
  if (passed < hourMs) return say(language, words[language].minute, Math.floor(passed / minuteMs));
  if (passed < dayMs) return say(language, words[language].hour, Math.floor(passed / hourMs));
  if (passed < 7 * dayMs) return say(language, words[language].day, Math.floor(passed / dayMs));
  return formatDate(language, date);
}

/** Whole calendar days between two moments, by the reader's own midnight. */
export function daysBetween(date: Date, now: Date): number {
  const start = new Date(date.getFullYear(), date.getMonth(), date.getDate());
  const end = new Date(now.getFullYear(), now.getMonth(), now.getDate());
  return Math.round((end.getTime() - start.getTime()) / dayMs);
}

/** The heading over one day of a list: Today, Yesterday, Wednesday, 12 November 2026. */
export function dayHeading(language: Language, date: Date, now: Date): string {
  const days = daysBetween(date, now);
  if (days <= 0) return words[language].today;
  if (days === 1) return words[language].yesterday;
  if (days >= 7) return formatDate(language, date);
  const weekday = words[language].weekdays[date.getDay()] ?? '';
  return weekday.charAt(0).toUpperCase() + weekday.slice(1);
}
