/**
 * What the runner's bundle leaves out, since each phase of each job waits for it to start: half of that time went into
 * Zod's 50 languages, which nobody asks for, and into Node's own fetch, which `import` of node:http loads.
 */
import type { Plugin } from 'esbuild';

/** All that is asked for is English, Zod's default. */
const ENGLISH = "export { default as en } from './en.js';";

/** For esbuild. */
export const quickStart: Plugin = {
  name: 'quick-start',
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /[\\/]zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: ENGLISH,
      loader: 'js',
    }));
    // An import reads every export once, the lazy ones too: WebSocket of node:http is all of undici. This way none is.
    onResolve({ filter: /^(node:)?http$/ }, () => ({ path: 'node:http', namespace: 'builtin' }));
    onLoad({ filter: /.*/, namespace: 'builtin' }, ({ path }) => ({
      contents: `module.exports = process.getBuiltinModule('${path}');`,
      loader: 'js',
    }));
  },
};
