import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import adapter from '@sveltejs/adapter-static';
import { withPreloads } from './preloads.js';
import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

// The theme is set by one inline script before the first paint. Kit hashes only the scripts that it
// writes itself, so ours is hashed here, from the very text that is served.
const template = readFileSync(new URL('./src/app.html', import.meta.url), 'utf8');
const inlineHashes = [...template.matchAll(/<script>([\s\S]*?)<\/script>/g)].map(
  ([, text]) =>
    /** @type {const} */ (`sha256-${createHash('sha256').update(text).digest('base64')}`)
);

/** @type {import('@sveltejs/kit').Config} */
export default {
  preprocess: vitePreprocess(),
  kit: {
    adapter: withPreloads(adapter({ fallback: 'index.html', precompress: true })),
    paths: { relative: false },
    csp: {
      mode: 'hash',
      directives: {
        'default-src': ['self'],
        'script-src': ['self', ...inlineHashes],
        'style-src': ['self'],
        // The one style attribute that is not set by script: kit's own announcer of routes.
        'style-src-attr': ['unsafe-hashes', 'sha256-S8qMpvofolR8Mpjy4kQvEm7m1q8clzU4dfDH0AmvZjo='],
        // Pages and covers may come from a bucket or a CDN with a host of its own.
        'img-src': ['self', 'data:', 'blob:', 'https:', 'http://127.0.0.1:*', 'http://localhost:*'],
        'connect-src': ['self'],
        // The players of trailers (lib/titles/trailers.ts), each loaded when somebody presses.
        'frame-src': [
          'https://www.youtube-nocookie.com',
          'https://player.vimeo.com',
          'https://rutube.ru',
          'https://vk.com',
          'https://ok.ru'
        ],
        'object-src': ['none'],
        'base-uri': ['self'],
        'form-action': ['self']
      }
    }
  }
};
