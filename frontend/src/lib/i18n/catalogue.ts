/**
 * The shape of a catalogue: English names the keys, and says which of them count something. What only
 * some screens say is a part of its own, loaded with them.
 */
import type anilist from './anilist/en.json';
import type en from './en.json';
import type jobs from './jobs/en.json';
import type sources from './sources/en.json';
import type { PluralForm } from './plural.ts';

export type CountedWords = Partial<Record<PluralForm, string>> & { other: string };
type Words<English> = {
  [Key in keyof English]: English[Key] extends string ? string : CountedWords;
};
export type MainCatalogue = Words<typeof en>;
export interface Parts {
  anilist: Words<typeof anilist>;
  jobs: Words<typeof jobs>;
  sources: Words<typeof sources>;
}
export type Catalogue = MainCatalogue & Parts['anilist'] & Parts['jobs'] & Parts['sources'];
export type TextKey = {
  [Key in keyof Catalogue]: Catalogue[Key] extends string ? Key : never;
}[keyof Catalogue];
export type CountKey = Exclude<keyof Catalogue, TextKey>;
export type Params = Record<string, string | number>;

export function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}
