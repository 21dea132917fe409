/**
 * The first process of a phase under `isolation: none`: a few lines of POSIX shell that hold the phase until it is under
 * its limits, and end it when our process dies, which no parent can do for its child by itself.
 */

/** Descriptor of the guard's line to us: a line lets it begin, its end kills. */
export const GUARD_FD = 3;

/** With a pid namespace: ending `unshare` ends its child, the namespace's first process, and so all. */
const KILL_NAMESPACE = 'kill -KILL "$tree"';

/** Without: the process group, the guard included; what left the group is swept by its marker from outside. */
const KILL_GROUP = 'kill -KILL 0';

/** `sh -c SCRIPT sh COMMAND...`, started as leader of its own process group. */
export function guardScript(hasPidNamespace: boolean): string {
  const killAll = hasPidNamespace ? KILL_NAMESPACE : KILL_GROUP;
  return [
    `read -r go <&${GUARD_FD} || exit 125`,
    `"$@" ${GUARD_FD}<&- </dev/null &`,
    'tree=$!',
    `{ while read -r line <&${GUARD_FD}; do :; done; ${killAll}; } >/dev/null 2>&1 &`,
    'watch=$!',
    `exec ${GUARD_FD}<&-`,
    'wait "$tree"',
    'code=$?',
    'kill -KILL "$watch" 2>/dev/null',
    'exit "$code"',
  ].join('\n');
}

/**
 * First process of the pid namespace: adopts and reaps orphans, which Node as first process would leave as zombies, and
 * ends with the runner's code; the kernel kills the rest of the namespace then.
 */
export const NAMESPACE_INIT = '"$@" & wait "$!"';
