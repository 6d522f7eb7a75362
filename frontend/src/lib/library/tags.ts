/** Own tags, as somebody types them: parted by commas, each once. */
export function splitTags(text: string): string[] {
  const tags = text.split(',').map((one) => one.trim().replace(/\s+/g, ' '));
  const seen = new Map(tags.filter(Boolean).map((tag) => [tag.toLowerCase(), tag]));
  return [...seen.values()];
}

/** The last, unfinished tag replaced by one that was chosen. */
export function completeTag(text: string, tag: string): string {
  const before = splitTags(text.slice(0, text.lastIndexOf(',') + 1));
  return `${[...before, tag].join(', ')}, `;
}

/** Tags of before that go on the unfinished one and are not there yet. */
export function suggestTags(text: string, known: readonly string[], most = 6): string[] {
  const begun = text
    .slice(text.lastIndexOf(',') + 1)
    .trim()
    .toLowerCase();
  const there = new Set(splitTags(text).map((tag) => tag.toLowerCase()));
  there.delete(begun);
  return known
    .filter((tag) => !there.has(tag.toLowerCase()) && tag.toLowerCase().startsWith(begun))
    .filter((tag) => tag.toLowerCase() !== begun)
    .slice(0, most);
}
