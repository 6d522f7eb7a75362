import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';

const backend = process.env.MANGAKG_BACKEND ?? 'http://127.0.0.1:8000';
const backendPaths = ['/api', '/media', '/files', '/admin', '/static'];

// The screens that people come in by. What only others need, dialogs and forms most of all, is in
// files of its own, so that a first visit loads none of it.
const firstScreens =
  /src\/routes\/(\(app\)\/((browse|series\/\[slug\])\/)?|read\/\[chapter=id\]\/|)\+(page|layout|error)\.svelte$/;
const ofLists = /node_modules\/virtua\/|src\/lib\/ui\/(EndlessList|listSizes)\./;
// Of the pages of titles alone.
const ofTitles = /src\/lib\/titles\/(SeriesAbout|SeriesHead|TitleLayout|lengths|refreshing)\./;
const ofDialogs = /node_modules\//;
const ofForms = /src\/lib\/((api|auth|people|ui)\/|uploads\/polling\.)/;
const ofLibrary =
  /src\/lib\/(ui\/acts|library\/(?!ItemDialog|ItemLists|ChangeList|ListForm|TagsField|BulkTags|bulk|history|lists|tags)\w+)\./;
const ofItems = /src\/lib\/library\//;
const ofEditors =
  /src\/lib\/titles\/(TitleForm|PosterField|TermField|CreditsField|NamesField|drafts)\./;
const ofSources = /src\/lib\/sources\//;
const ofFilms = /TitleScreen\.svelte|src\/lib\/titles\/(Cast|Trailers|trailers|Screenshots)\./;

type Importers = (id: string) => readonly string[];

/** Whether a module is there as soon as one of the first screens is. */
function isOfFirstScreens(id: string, importers: Importers, seen: Set<string>): boolean {
  if (firstScreens.test(id)) return true;
  if (seen.has(id)) return false;
  seen.add(id);
  return importers(id).some((one) => isOfFirstScreens(one, importers, seen));
}

export default defineConfig(({ isSsrBuild }) => ({
  plugins: [tailwindcss(), sveltekit()],
  build: {
    // A font in the styles would be loaded by everybody, and our policy takes none from there.
    assetsInlineLimit: (path) => (path.endsWith('.woff2') ? false : undefined),
    rolldownOptions: {
      output: {
        // Each file costs a phone a round trip: what several screens share is one of a few.
        codeSplitting: isSsrBuild
          ? undefined
          : {
              groups: [
                { name: 'styles', test: /\.css$/, priority: 6 },
                {
                  name: (id, context) => {
                    const importers = (one: string) => context.getModuleInfo(one)?.importers ?? [];
                    return ![ofLists, ofTitles].some((one) => one.test(id)) &&
                      isOfFirstScreens(id, importers, new Set())
                      ? 'shared'
                      : null;
                  },
                  minShareCount: 2,
                  priority: 5
                },
                { name: 'titles', test: ofTitles, minShareCount: 2, priority: 4 },
                { name: 'lists', test: ofLists, minShareCount: 2, priority: 4 },
                { name: 'dialogs', test: ofDialogs, minShareCount: 2, priority: 4 },
                { name: 'library', test: ofLibrary, minShareCount: 2, priority: 3 },
                { name: 'forms', test: ofForms, minShareCount: 2, priority: 2 },
                { name: 'items', test: ofItems, minShareCount: 2, priority: 1 },
                { name: 'sources', test: ofSources, minShareCount: 2, priority: 1 },
                { name: 'films', test: ofFilms, minShareCount: 2, priority: 1 },
                { name: 'editing', test: ofEditors, minShareCount: 2, priority: 1 }
              ]
            }
      }
    }
  },
  server: { proxy: Object.fromEntries(backendPaths.map((path) => [path, backend])) }
}));
