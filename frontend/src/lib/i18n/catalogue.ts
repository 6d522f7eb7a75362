/** The shape of a catalogue: English names the keys, and says which of them count something. */
import type en from './en.json';
import type { PluralForm } from './plural.ts';

export type CountedWords = Partial<Record<PluralForm, string>> & { other: string };
export type Catalogue = {
  [Key in keyof typeof en]: (typeof en)[Key] extends string ? string : CountedWords;
};
export type TextKey = {
  [Key in keyof Catalogue]: Catalogue[Key] extends string ? Key : never;
}[keyof Catalogue];
export type CountKey = Exclude<keyof Catalogue, TextKey>;
export type Params = Record<string, string | number>;

export function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => String(params[name] ?? whole));
}
