import assert from 'node:assert/strict';
import { test } from 'vitest';
import { unzipSync } from 'fflate';
import { chosenFiles, droppedFiles, sortFiles, type Found } from '../src/lib/uploads/folders.ts';
import { namePages, packZip } from '../src/lib/uploads/packing.ts';

function found(path: string, content = 'x'): Found {
  const names = path.split('/');
  return { folders: names.slice(0, -1), file: new File([content], names.at(-1) ?? '') };
}

test('each folder with pictures is a chapter, each zip one, and what systems leave is none', () => {
  const { sources, refused } = sortFiles(
    [
      'Манас/2-бөлүм/2.jpg',
      'Манас/2-бөлүм/1.jpg',
      'Манас/2-бөлүм/Thumbs.db',
      'Манас/2-бөлүм/credits.txt',
      'Манас/10-бөлүм/1.png',
      'Манас/__MACOSX/1.jpg',
      'Манас/1-бөлүм [ru].zip',
      'notes.txt'
    ].map((path) => found(path))
  );

  assert.deepEqual(
    sources.map(({ name, pageCount, guess }) => [name, pageCount, guess.number, guess.language]),
    [
      ['1-бөлүм [ru].zip', null, '1', 'ru'],
      ['2-бөлүм', 2, '2', 'ky'],
      ['10-бөлүм', 1, '10', 'ky']
    ]
  );
  assert.deepEqual(
    refused.map(({ name }) => name),
    ['notes.txt']
  );
});

test('a dropped folder is read until it gives no more, however deep it is', async () => {
  const folder = (name: string, inside: unknown[]) => ({
    name,
    isFile: false,
    createReader: () => {
      // As Chromium: not all at once.
      const batches = [inside.slice(0, 1), inside.slice(1), []];
      return { readEntries: (give: (entries: unknown) => void) => give(batches.shift()) };
    }
  });
  const file = (name: string) => ({
    name,
    isFile: true,
    file: (give: (one: File) => void) => give(new File(['x'], name))
  });
  const tree = folder('Манас', [
    folder('6-бөлүм', [file('1.jpg'), file('2.jpg')]),
    folder('7-бөлүм', [folder('jpg', [file('1.jpg')])])
  ]);
  const items = [{ webkitGetAsEntry: () => tree }, { webkitGetAsEntry: () => null }];

  const files = await droppedFiles(items as unknown as DataTransferItemList);

  assert.deepEqual(
    sortFiles(files).sources.map(({ pageCount, guess }) => [guess.number, pageCount]),
    [
      ['6', 2],
      ['7', 1]
    ]
  );
});

test('a chosen folder tells where its files lie', () => {
  const file = new File(['x'], '1.jpg');
  Object.defineProperty(file, 'webkitRelativePath', { value: '6-бөлүм/1.jpg' });

  assert.deepEqual(chosenFiles([file])[0]?.folders, ['6-бөлүм']);
});

test('pages keep the numbers they have, padded, and are counted where they have none', () => {
  const names = (...given: string[]) =>
    namePages(given.map((name) => ({ name }))).map(({ name, page }) => `${page.name} ${name}`);

  assert.deepEqual(names('p10.JPG', 'p9.jpg', 'P1.webp'), [
    'P1.webp 001.webp',
    'p9.jpg 009.jpg',
    'p10.JPG 010.jpg'
  ]);
  assert.deepEqual(names('02-03.jpg', '01.jpg', 'cover.png'), [
    '01.jpg 001.jpg',
    '02-03.jpg 002.jpg',
    'cover.png 003.png'
  ]);
  // A volume's pages go on counting.
  assert.deepEqual(names('21.jpg', '22.jpg'), ['21.jpg 001.jpg', '22.jpg 002.jpg']);
});

test('the zip holds every page as it is', async () => {
  const pages = ['b2.jpg', 'b1.jpg'].map((name) => new File([`of ${name}`], name));

  const zip = unzipSync(new Uint8Array(await (await packZip(pages)).arrayBuffer()));

  const texts = Object.entries(zip).map(([name, bytes]) => [name, new TextDecoder().decode(bytes)]);
  assert.deepEqual(texts, [
    ['001.jpg', 'of b1.jpg'],
    ['002.jpg', 'of b2.jpg']
  ]);
});
