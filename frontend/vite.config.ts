import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';

const backend = process.env.MANGAKG_BACKEND ?? 'http://127.0.0.1:8000';
const backendPaths = ['/api', '/media', '/files', '/admin', '/static'];

export default defineConfig({
  plugins: [tailwindcss(), sveltekit()],
  server: { proxy: Object.fromEntries(backendPaths.map((path) => [path, backend])) }
});
