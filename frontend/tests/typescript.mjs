/** Lets Node's own test runner read TypeScript, from Node 20 on: `node --import ./tests/typescript.mjs`. */
import { register } from 'node:module';

register('./typescript-hooks.mjs', import.meta.url);
