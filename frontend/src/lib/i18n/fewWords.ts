/** What the app can say while its words have not come: that they did not, and what to do. */
import type { TextKey } from './catalogue';
import type { Language } from './plural';

export const fewWords: Record<Language, Partial<Record<TextKey, string>>> = {
  en: {
    'app.name': 'MangaKG',
    'error.offline': 'No connection. This comes by itself when the line is back.',
    'action.retry': 'Try again'
  },
  ky: {
    'app.name': 'MangaKG',
    'error.offline': 'Байланыш жок. Байланыш калыбына келгенде өзү жүктөлөт.',
    'action.retry': 'Кайра аракет кылуу'
  },
  ru: {
    'app.name': 'MangaKG',
    'error.offline': 'Нет соединения. Загрузится само, когда связь вернётся.',
    'action.retry': 'Повторить'
  }
};
