import js from '@eslint/js';
import prettier from 'eslint-config-prettier';
import svelte from 'eslint-plugin-svelte';
import globals from 'globals';
import ts from 'typescript-eslint';
import svelteConfig from './svelte.config.js';

/** Folders of `src/lib` that are about something; what all share knows none of them. */
const features = [
  'auth',
  'chapters',
  'library',
  'people',
  'preferences',
  'reading',
  'reports',
  'shell',
  'titles',
  'uploads'
];

/** Imports run downwards only, as in the backend: features stand above `ui`, `api` and `i18n`. */
function layer(folder, above) {
  const regex = `^(\\$lib|\\.\\.)/(${above.join('|')})([./]|$)`;
  const message = `${folder} stands below it: see the layers in docs/architecture.md.`;
  return {
    files: [`src/lib/${folder}/**`],
    rules: { 'no-restricted-imports': ['error', { patterns: [{ regex, message }] }] }
  };
}

export default ts.config(
  { ignores: ['build/', '.svelte-kit/', 'node_modules/', 'src/lib/api/schema.d.ts'] },
  js.configs.recommended,
  ...ts.configs.strict,
  ...svelte.configs.recommended,
  prettier,
  ...svelte.configs.prettier,
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node } },
    rules: {
      // TypeScript knows the globals, and knows them better.
      'no-undef': 'off',
      '@typescript-eslint/no-unused-vars': [
        'error',
        { argsIgnorePattern: '^_', varsIgnorePattern: '^_' }
      ],
      // The app always lives at the root of its host.
      'svelte/no-navigation-without-resolve': 'off',
      // Maps and queries here are built and read in one go, or meant not to be watched.
      'svelte/prefer-svelte-reactivity': 'off'
    }
  },
  layer('ui', features),
  layer('api', features),
  layer('i18n', [...features, 'api']),
  {
    files: ['**/*.svelte', '**/*.svelte.ts'],
    languageOptions: { parserOptions: { parser: ts.parser, svelteConfig } }
  }
);
