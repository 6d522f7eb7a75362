import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { compileModule } from 'svelte/compiler';
import ts from 'typescript';

const library = new URL('../src/lib/', import.meta.url);

/** `$lib/a/b` is src/lib/a/b, and a path without an ending is TypeScript, as for Vite. */
export function resolve(specifier, context, next) {
  const isOurs = specifier.startsWith('$lib/');
  const address = isOurs ? new URL(specifier.slice('$lib/'.length), library).href : specifier;
  const isRelative = isOurs || specifier.startsWith('.');
  return next(
    isRelative && !/\.(ts|m?js|json)$/.test(address) ? `${address}.ts` : address,
    context
  );
}

export async function load(url, context, next) {
  if (url.endsWith('.json')) return asModule(`export default ${await read(url)};`);
  if (!url.endsWith('.ts')) return next(url, context);
  const { outputText } = ts.transpileModule(await read(url), {
    compilerOptions: { module: ts.ModuleKind.ESNext, target: ts.ScriptTarget.ES2022 }
  });
  if (!url.endsWith('.svelte.ts')) return asModule(outputText);
  // On the server a rune is its plain value: what a store does is seen, what is drawn is not.
  const { js } = compileModule(outputText, { generate: 'server', filename: fileURLToPath(url) });
  return asModule(js.code);
}

const read = (url) => readFile(fileURLToPath(url), 'utf8');
const asModule = (source) => ({ format: 'module', shortCircuit: true, source });
