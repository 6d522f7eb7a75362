import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';

const backend = process.env.MANGAKG_BACKEND ?? 'http://127.0.0.1:8000';
const backendPaths = ['/api', '/media', '/files', '/admin', '/static'];

export default defineConfig(({ isSsrBuild }) => ({
  plugins: [tailwindcss(), sveltekit()],
  build: {
    // A font in the styles would be loaded by everybody, and our policy takes none from there.
    assetsInlineLimit: (path) => (path.endsWith('.woff2') ? false : undefined),
    rolldownOptions: {
      output: {
        // Each file costs a phone a round trip: what several screens share is one.
        codeSplitting: isSsrBuild ? undefined : { groups: [{ name: 'shared', minShareCount: 2 }] }
      }
    }
  },
  server: { proxy: Object.fromEntries(backendPaths.map((path) => [path, backend])) }
}));
