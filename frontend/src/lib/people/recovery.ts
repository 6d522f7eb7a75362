/** The recovery codes as a sheet of plain text. */
export interface SheetWords {
  heading: string;
  owner: string;
  rule: string;
}

export function recoverySheet(codes: readonly string[], words: SheetWords): string {
  const lines = codes.map((code, index) => `${String(index + 1).padStart(2)}. ${code}`);
  return [words.heading, words.owner, '', ...lines, '', words.rule, ''].join('\n');
}
