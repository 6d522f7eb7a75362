/**
 * A chapter's pictures as the zip that the server wants: stored as they are, named 001, 002, …
 * Read piece by piece, so that a chapter of 500 MB needs no 500 MB of memory.
 */
// What is handed over to a Blob leaves the page's own memory.
const handOverBytes = 8 * 1024 * 1024;
const collator = new Intl.Collator('en', { numeric: true });

/** 2 before 10, as people number their files. */
export function inOrder(one: string, other: string): number {
  return collator.compare(one, other);
}

interface Named {
  name: string;
}

/**
 * The pages with the names they get, in reading order. Names that are numbers from 1 (or 0, a cover)
 * with the same beginning keep them, so that the server can say which page is missing; others are
 * counted.
 */
export function namePages<Page extends Named>(
  pages: readonly Page[]
): { name: string; page: Page }[] {
  const sorted = pages.toSorted((one, other) => inOrder(one.name, other.name));
  const numbers = ownNumbers(sorted) ?? sorted.map((_, index) => index + 1);
  const digits = Math.max(3, ...numbers.map((number) => String(number).length));
  return sorted
    .map((page, index) => ({ page, number: numbers[index] ?? 0 }))
    .sort((one, other) => one.number - other.number)
    .map(({ page, number }) => ({
      name: String(number).padStart(digits, '0') + endingOf(page.name),
      page
    }));
}

function ownNumbers(pages: readonly Named[]): number[] | null {
  const parts = pages.map(({ name }) => /^(.*?)(\d{1,9})\.[^.]+$/.exec(name));
  const beginnings = new Set(parts.map((part) => part?.[1]?.toLowerCase()));
  const numbers = parts.map((part) => Number(part?.[2]));
  const isOfOneKind = beginnings.size === 1 && !beginnings.has(undefined);
  const isCounted = new Set(numbers).size === numbers.length && Math.min(...numbers) <= 1;
  return isOfOneKind && isCounted ? numbers : null;
}

function endingOf(name: string): string {
  return name.slice(name.lastIndexOf('.')).toLowerCase();
}

export async function packZip(pages: readonly File[]): Promise<Blob> {
  const parts: Blob[] = [];
  let pending: BlobPart[] = [];
  let pendingBytes = 0;
  const handOver = () => {
    parts.push(new Blob(pending));
    pending = [];
    pendingBytes = 0;
  };
  // Only who drops a folder or pictures needs it.
  const { Zip, ZipPassThrough } = await import('fflate');
  const zip = new Zip((error, chunk) => {
    if (error) throw error;
    pending.push(chunk);
    pendingBytes += chunk.length;
    if (pendingBytes >= handOverBytes) handOver();
  });
  for (const { name, page } of namePages(pages)) {
    const entry = new ZipPassThrough(name);
    zip.add(entry);
    const reader = page.stream().getReader();
    for (let piece = await reader.read(); !piece.done; piece = await reader.read()) {
      entry.push(piece.value);
    }
    entry.push(new Uint8Array(), true);
  }
  zip.end();
  handOver();
  return new Blob(parts, { type: 'application/zip' });
}
