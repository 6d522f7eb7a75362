/** What was chosen or dropped, as chapters: each zip is one, and each folder that holds pictures. */
import { guessFolder, type Guess } from './guess';
import { inOrder, packZip } from './packing';

/** A file with the names of the folders around it, the outermost first. */
export interface Found {
  folders: readonly string[];
  file: File;
}

/** One chapter to send: a zip as it is, or a folder's pictures that become one. */
export interface Source {
  name: string;
  bytes: number;
  /** Null for a zip, which nobody has looked into yet. */
  pageCount: number | null;
  guess: Guess;
  toZip: () => Promise<File>;
}

export interface Sorted {
  sources: Source[];
  /** What is neither a zip nor a picture, outside of folders. */
  refused: File[];
}

const zip = /\.(zip|cbz)$/i;
const picture = /\.(jpe?g|png|webp|avif|gif)$/i;
// What systems leave in folders by themselves.
const junk = /^(\.|__MACOSX$|@eaDir$|Thumbs\.db$|desktop\.ini$)/i;

/** Everything that was dropped, however deep it lies. The list of a drop is gone after its event. */
export async function droppedFiles(items: DataTransferItemList): Promise<Found[]> {
  const entries = [...items]
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  const found = await Promise.all(entries.map((entry) => filesUnder(entry, [])));
  return found.flat();
}

/** Files of an input, which names the folders where a folder was chosen. */
export function chosenFiles(files: Iterable<File>): Found[] {
  return [...files].map((file) => ({
    folders: file.webkitRelativePath.split('/').slice(0, -1),
    file
  }));
}

export function sortFiles(found: readonly Found[]): Sorted {
  const wanted = found.filter(
    ({ folders, file }) => ![...folders, file.name].some((name) => junk.test(name))
  );
  const zips = wanted.filter(({ file }) => zip.test(file.name)).map(zipSource);
  const pictures = wanted.filter(({ file }) => picture.test(file.name));
  const byFolder = new Map<string, Found[]>();
  for (const one of pictures) {
    const path = one.folders.join('/');
    byFolder.set(path, [...(byFolder.get(path) ?? []), one]);
  }
  const folders = [...byFolder.values()].map(folderSource);
  const refused = wanted.filter(
    ({ folders: around, file }) =>
      around.length === 0 && !zip.test(file.name) && !picture.test(file.name)
  );
  return {
    sources: [...zips, ...folders].sort((one, other) => inOrder(one.name, other.name)),
    refused: refused.map(({ file }) => file)
  };
}

function zipSource({ folders, file }: Found): Source {
  return {
    name: file.name,
    bytes: file.size,
    pageCount: null,
    guess: guessFolder([...folders, file.name]),
    toZip: () => Promise.resolve(file)
  };
}

function folderSource(found: readonly Found[]): Source {
  const pages = found.map(({ file }) => file);
  const folders = found[0]?.folders ?? [];
  // Pictures that lie in no folder are one chapter, by the name of the first.
  const name = folders.at(-1) ?? pages[0]?.name ?? '';
  return {
    name,
    bytes: pages.reduce((sum, page) => sum + page.size, 0),
    pageCount: pages.length,
    guess: folders.length ? guessFolder(folders) : { number: '', volume: '', language: '' },
    toZip: async () => new File([await packZip(pages)], `${name}.zip`, { type: 'application/zip' })
  };
}

async function filesUnder(entry: FileSystemEntry, folders: readonly string[]): Promise<Found[]> {
  if (entry.isFile) return [{ folders, file: await fileOf(entry as FileSystemFileEntry) }];
  const reader = (entry as FileSystemDirectoryEntry).createReader();
  const inside: FileSystemEntry[] = [];
  // Each call gives some of them, at most 100 in Chromium, and in the end none.
  for (let some = await readSome(reader); some.length; some = await readSome(reader)) {
    inside.push(...some);
  }
  const deeper = await Promise.all(inside.map((one) => filesUnder(one, [...folders, entry.name])));
  return deeper.flat();
}

function readSome(reader: FileSystemDirectoryReader): Promise<FileSystemEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}

function fileOf(entry: FileSystemFileEntry): Promise<File> {
  return new Promise((resolve, reject) => entry.file(resolve, reject));
}
