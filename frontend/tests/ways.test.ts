import assert from 'node:assert/strict';
import { test } from 'vitest';
import { localPath, loginPath } from '../src/lib/auth/ways.ts';

test('the way back after logging in stays on our own host', () => {
  const elsewhere = [
    '//evil.test',
    '/\\evil.test',
    '\\\\evil.test',
    'https://evil.test/',
    'javascript:alert(1)',
    '/\t/evil.test',
    '/\n/evil.test',
    '/.//evil.test',
    '/..//evil.test/x',
    '/a/..//evil.test',
    '/%2e//evil.test',
    '/.\\/evil.test',
    '/a/..\\\\evil.test',
    '',
    null
  ];

  for (const next of elsewhere) assert.equal(localPath(next), '/', String(next));
});

test('a path of our own is kept whole', () => {
  assert.equal(localPath('/browse?tag=a&tag=b#c'), '/browse?tag=a&tag=b#c');
  assert.equal(localPath('/a/../upload'), '/upload');
});

test('logging in leads back to where one was', () => {
  const path = loginPath({ pathname: '/upload', search: '?series=a&b' });

  assert.equal(path, '/login?next=%2Fupload%3Fseries%3Da%26b');
  assert.equal(
    localPath(new URL(path, 'https://here.test').searchParams.get('next')),
    '/upload?series=a&b'
  );
});
