/**
 * The environment of everything of the repository or the agent that we start: built from nothing, never from our own, so
 * nothing of ours is inherited. What an operator configured (PATH, CA files, GOFLAGS) comes from the layout.
 */
import type { RunnerLayout } from '../../result/contract/layout.ts';

/** Where programs are looked for when the layout says nothing. */
const DEFAULT_PATH = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';

/** Environment for setup commands, checks and the agent's shell. */
export function toolEnv(layout: Pick<RunnerLayout, 'home' | 'tmp' | 'toolEnv'>): Record<string, string> {
  return {
    PATH: DEFAULT_PATH,
    LANG: 'C.UTF-8',
    CI: 'true',
    TERM: 'dumb',
    NO_COLOR: '1',
    PAGER: 'cat',
    GIT_PAGER: 'cat',
    GIT_TERMINAL_PROMPT: '0',
    GIT_EDITOR: 'true',
    GIT_CONFIG_COUNT: '1',
    GIT_CONFIG_KEY_0: 'safe.directory',
    GIT_CONFIG_VALUE_0: '*',
    // Go writes its module cache read-only, which an unprivileged clean-up cannot remove.
    GOFLAGS: '-modcacherw',
    npm_config_update_notifier: 'false',
    NO_PROXY: '127.0.0.1,localhost',
    no_proxy: '127.0.0.1,localhost',
    ...layout.toolEnv,
    HOME: layout.home,
    TMPDIR: layout.tmp,
  };
}
