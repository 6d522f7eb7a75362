/**
 * Writes `preloads.json` beside the built page: which scripts each route and each language will want,
 * and which fonts. The server links them in the page (`backend/mangakg/web_build.py`), so that they
 * are on their way before the app itself has begun to run.
 */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';

const client = '.svelte-kit/output/client';
const nodes = '.svelte-kit/generated/client-optimized/nodes';
const inter = 'src/lib/ui/fonts/inter';
// Latin has the digits and spaces of all.
const latin = `${inter}-latin.woff2`;
const cyrillic = `${inter}-cyrillic.woff2`;
const kyrgyz = `${inter}-kyrgyz.woff2`;
const fonts = { en: [latin], ky: [latin, cyrillic, kyrgyz], ru: [latin, cyrillic] };

/**
 * @param {import('@sveltejs/kit').Adapter} adapter
 * @returns {import('@sveltejs/kit').Adapter}
 */
export function withPreloads(adapter) {
  return {
    ...adapter,
    async adapt(builder) {
      await adapter.adapt(builder);
      writeFileSync('build/preloads.json', JSON.stringify(preloads()));
    }
  };
}

function preloads() {
  /** @type {Record<string, { file: string, imports?: string[] }>} */
  const manifest = JSON.parse(readFileSync(`${client}/.vite/manifest.json`, 'utf8'));
  const page = readFileSync('build/index.html', 'utf8');

  /** @param {string} key @returns {string[]} */
  function filesOf(key) {
    const { file, imports = [] } = manifest[key];
    const files = [`/${file}`, ...imports.flatMap(filesOf)];
    // The page itself links what all routes share.
    return [...new Set(files)].filter((one) => !page.includes(`"${one}"`));
  }

  /** @type {Record<string, string>} the key in the manifest, by the source file */
  const keys = {};
  for (const name of readdirSync(nodes)) {
    const source = /src\/routes(\/.*)?\/\+(page|layout)\.svelte/.exec(
      readFileSync(`${nodes}/${name}`, 'utf8')
    );
    if (source) keys[source[0]] = `${nodes}/${name}`;
  }
  const pages = Object.keys(keys).filter((source) => source.endsWith('+page.svelte'));
  const routes = pages.map((source) => {
    const folder = source.replace('/+page.svelte', '');
    const parts = folder.split('/');
    const layouts = parts.map((_, at) => `${parts.slice(0, at + 1).join('/')}/+layout.svelte`);
    const files = [...layouts, source]
      .filter((one) => keys[one])
      .flatMap((one) => filesOf(keys[one]));
    const route = folder.replace('src/routes', '').replace(/\/\([^/]+\)/g, '') || '/';
    return [route, [...new Set(files)]];
  });
  const languages = Object.keys(fonts).map((one) => [one, filesOf(`src/lib/i18n/${one}.json`)]);
  return {
    routes: Object.fromEntries(routes),
    languages: Object.fromEntries(languages),
    fonts: Object.fromEntries(
      Object.entries(fonts).map(([language, files]) => [
        language,
        files.map((source) => `/${manifest[source].file}`)
      ])
    )
  };
}
