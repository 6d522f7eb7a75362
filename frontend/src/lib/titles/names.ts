/** What a title is called in the reader's language: the rule of the backend's `catalog/names.py`. */
import { currentLanguage } from '$lib/i18n/i18n.svelte';

export interface Named {
  name: string;
  names: Readonly<Record<string, string>>;
}

interface Detailed extends Named {
  original_name: string;
  original_language: string;
  aliases: readonly { name: string; language: string }[];
}

export function nameIn(title: Named, language: string): string {
  return title.names[language] ?? title.name;
}

export function nameOf(title: Named): string {
  return nameIn(title, currentLanguage());
}

/** All it is called besides that, each spelling once: the original name first, then the main one. */
export function otherNames(
  title: Detailed,
  language: string
): { name: string; language: string }[] {
  const seen = new Set([nameIn(title, language).toLowerCase()]);
  const all = [
    { name: title.original_name, language: title.original_language },
    { name: title.name, language: '' },
    ...title.aliases
  ];
  return all.filter(({ name }) => {
    const isNew = name !== '' && !seen.has(name.toLowerCase());
    seen.add(name.toLowerCase());
    return isNew;
  });
}
