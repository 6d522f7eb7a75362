import { sveltekit } from '@sveltejs/kit/vite';
import tailwindcss from '@tailwindcss/vite';
import { defineConfig } from 'vite';

const backend = process.env.MANGAKG_BACKEND ?? 'http://127.0.0.1:8000';
const backendPaths = ['/api', '/media', '/files', '/admin', '/static'];

// The table of keys and the addresses are on other screens too.
const ofMembers = /src\/lib\/library\/(?!(keys|items)\.ts)/;
const ofForms =
  /src\/lib\/library\/(ItemDialog|ItemLists|ChangeList|ListForm|TagsField|BulkTags|bulk|history|lists|tags)\./;
const ofEditors =
  /src\/lib\/titles\/(TitleForm|PosterField|TermField|CreditsField|NamesField|drafts)\./;
const ofFilms = /TitleScreen\.svelte|src\/lib\/titles\/(Cast|Trailers|trailers|Screenshots)\./;

export default defineConfig(({ isSsrBuild }) => ({
  plugins: [tailwindcss(), sveltekit()],
  build: {
    // A font in the styles would be loaded by everybody, and our policy takes none from there.
    assetsInlineLimit: (path) => (path.endsWith('.woff2') ? false : undefined),
    rolldownOptions: {
      output: {
        // Each file costs a phone a round trip: what several screens share is one. What only
        // members see, and the pages of films, are others, so that a first visit loads neither.
        codeSplitting: isSsrBuild
          ? undefined
          : {
              groups: [
                {
                  name: 'shared',
                  test: (id) => ![ofMembers, ofFilms, ofEditors].some((one) => one.test(id)),
                  minShareCount: 2,
                  priority: 3
                },
                { name: 'library-forms', test: ofForms, minShareCount: 2, priority: 2 },
                { name: 'library', test: ofMembers, minShareCount: 2, priority: 1 },
                { name: 'films', test: ofFilms, minShareCount: 2, priority: 1 },
                { name: 'editing', test: ofEditors, minShareCount: 2, priority: 1 }
              ]
            }
      }
    }
  },
  server: { proxy: Object.fromEntries(backendPaths.map((path) => [path, backend])) }
}));
