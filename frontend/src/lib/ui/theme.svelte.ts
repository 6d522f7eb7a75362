/** Light, dark, or as the system says. `app.html` sets the remembered one before the first paint. */
import { readLocal, writeLocal } from './storage';

const storageKey = 'mangakg.theme';
export const themes = ['system', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

function remembered(): Theme {
  const value = readLocal(storageKey);
  return themes.find((theme) => theme === value) ?? 'system';
}

let theme = $state<Theme>(remembered());

export function currentTheme(): Theme {
  return theme;
}

export function chooseTheme(next: Theme): void {
  theme = next;
  writeLocal(storageKey, next);
  document.documentElement.dataset.theme = next;
}
