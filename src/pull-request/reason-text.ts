/**
 * Every reason's sentence, built from its stable code, with who can change it and how. The one file of this stage that
 * holds them; values are foreign text and escaped here.
 */
import type { Reason, ReasonCode } from '../task/task.ts';
import { codeSpan, cutLine, escapeLine } from './foreign-text.ts';
import { lostSentence } from './lost-sentence.ts';
import { REPORTED_BELOW, setupSentence, treeSentence } from './reported-sentence.ts';

type Values = Reason['values'];

interface ReasonText {
  readonly sentence: (values: Values) => string;
  /** `anew`: "set the label `agent` anew", with the label that starts a task here. */
  readonly change: (anew: string) => string;
}

/** Of what the platform said, so many characters stand in the sentence. */
const MAX_PLATFORM_WORDS = 300;
const prose = (values: Values, key: string): string => escapeLine(String(values[key] ?? 'not measured'));
const code = (values: Values, key: string): string => codeSpan(String(values[key] ?? 'not measured'));
const fixed = (text: string) => (): string => text;
const operator = (anew: string): string => `An operator can look it up by the task's id; then ${anew}.`;
const doctor = (anew: string): string => `An operator can run \`glovebox doctor\`; then ${anew}.`;
/** Cut first: escaping makes one character several, which a cut would part. */
const platformWords = (values: Values): string =>
  escapeLine(cutLine(String(values['message'] ?? 'not measured').trim(), MAX_PLATFORM_WORDS));
const orgAdmin = (key: string) =>
  fixed(`An organisation admin can change \`${key}\` in \`glovebox.config.yml\`.`);
const again = (anew: string): string => `To try again, ${anew}.`;
const writer = (anew: string): string => `Anyone with write, maintain or admin can ${anew}.`;

const TEXTS: Readonly<Record<ReasonCode, ReasonText>> = {
  'no-permission': {
    sentence: (v) => `${prose(v, 'login')} has ${prose(v, 'permission')} here; write is needed.`,
    change: writer,
  },
  'bot-not-allowed': {
    sentence: (v) => `bot ${prose(v, 'id')} is not on the allowlist \`bots\`.`,
    change: orgAdmin('bots'),
  },
  'config-missing': {
    sentence: fixed('`.github/glovebox.yml` is missing; the smallest one is below.'),
    change: (anew) => `Anyone with write can commit it, then ${anew}.`,
  },
  'config-invalid': {
    sentence: (v) => `${escapeLine(String(v['message'] ?? '`.github/glovebox.yml` is not valid.'))}`,
    change: (anew) => `Anyone with write can correct the file, then ${anew}.`,
  },
  'repository-unsupported': {
    sentence: fixed('the repository has no commit.'),
    change: (anew) => `Anyone with write can push one, then ${anew}.`,
  },
  'tree-unsupported': { sentence: treeSentence, change: orgAdmin('templates') },
  'issue-empty': {
    sentence: (v) => `title and body hold no text once ${prose(v, 'removed')} hidden parts are removed.`,
    change: (anew) => `The author can write what is wanted; then ${anew}.`,
  },
  'issue-not-open': {
    sentence: (v) => `the issue is ${prose(v, 'state')}.`,
    change: (anew) => `Anyone with write can open it, then ${anew}.`,
  },
  'task-exists': {
    sentence: (v) =>
      `task ${prose(v, 'task')} works on this issue${v['pull'] ? `; see #${Number(v['pull'])}` : ''}.`,
    change: (anew) => `Wait for its end, then ${anew}.`,
  },
  banned: { sentence: (v) => `${prose(v, 'login')} is banned here.`, change: orgAdmin('bans') },
  'attempts-used': {
    sentence: (v) => `${prose(v, 'used')} of ${prose(v, 'limit')} attempts are used.`,
    change: orgAdmin('attempts'),
  },
  'rate-limited': {
    sentence: (v) =>
      `${prose(v, 'login')} started ${prose(v, 'count')} of ${prose(v, 'limit')} tasks this hour; free at ${prose(v, 'freeAt')}.`,
    change: (anew) => `After that time, ${anew}.`,
  },
  'cap-spent': {
    sentence: (v) =>
      `${prose(v, 'scope')} has spent ${prose(v, 'spent')} of ${prose(v, 'cap')} ${prose(v, 'period')}; free at ${prose(v, 'freeAt')}.`,
    change: orgAdmin('budget'),
  },
  'price-unknown': {
    sentence: (v) => `model ${code(v, 'model')} has no price (\`0\` is a price).`,
    change: orgAdmin('models.NAME.price'),
  },
  'isolation-missing': {
    sentence: (v) => `bubblewrap is missing, template ${code(v, 'template')} needs it.`,
    change: (anew) => `An operator can install it; then ${anew}.`,
  },
  'app-suspended': {
    sentence: fixed('the app was suspended; written once access is back.'),
    change: (anew) => `An organisation owner lifted it; ${anew}.`,
  },
  'delivery-lost': {
    sentence: fixed(
      "GitHub's message about the label never reached us, and nothing is started from an issue's later text.",
    ),
    change: fixed('Anyone with write can take the label off and set it again.'),
  },
  'setup-failed': {
    sentence: setupSentence,
    change: (anew) => `Anyone with write can change \`setup\` in \`.github/glovebox.yml\`, then ${anew}.`,
  },
  'change-empty': { sentence: fixed("the change set is empty; the agent's reason is below."), change: again },
  'protected-path': {
    sentence: (v) => `not published, the change touches a protected path: ${code(v, 'path')}.`,
    change: fixed('Admins can change `protectedPaths` in `glovebox.config.yml`; or make that edit by hand.'),
  },
  'secret-found': {
    sentence: (v) =>
      `${code(v, 'path')}, line ${prose(v, 'line')}, looks like ${prose(v, 'kind')} (not shown).`,
    change: again,
  },
  'tests-weakened': {
    sentence: (v) => `${prose(v, 'message')}`,
    change: (anew) => `To try again, ${anew}; or make that edit by hand.`,
  },
  'bundle-invalid': {
    sentence: (v) =>
      v['message'] === undefined
        ? `the change set could not be handed over; ${REPORTED_BELOW}`
        : `the change set was not accepted: ${prose(v, 'message')}`,
    change: fixed('Security reads the audit.'),
  },
  'branch-moved': {
    sentence: (v) =>
      `branch ${code(v, 'branch')} is at ${code(v, 'sha')}, which is not ours; nothing was overwritten.`,
    change: (anew) => `To start over on a new branch, ${anew}.`,
  },
  'push-refused': {
    sentence: (v) => `GitHub refused the branch: ${prose(v, 'message')}`,
    change: (anew) => `A repository admin can allow \`glovebox/*\`; then ${anew}.`,
  },
  'gate-blocked': {
    sentence: (v) => `not published, a gate blocks the change: ${prose(v, 'gate')}.`,
    change: again,
  },
  'checks-failed': { sentence: (v) => `${prose(v, 'message')}`, change: again },
  'nothing-verified': {
    sentence: (v) => `${prose(v, 'message')}`,
    change: fixed('Whoever can edit `.github/glovebox.yml` can name the right command under `checks`.'),
  },
  'asks-human': { sentence: (v) => `${prose(v, 'message')}`, change: fixed('The review answers.') },
  'fence-not-in-force': {
    sentence: (v) =>
      `the sandbox reached ${v['address'] === undefined ? 'more than our gateway' : code(v, 'address')}; no agent started.`,
    change: doctor,
  },
  'image-not-pulled': {
    sentence: (v) =>
      `image ${code(v, 'image')} ${v['state'] === 'unpulled' ? 'cannot be pulled; the reason is below' : 'not found'}.`,
    change: doctor,
  },
  'sandbox-lost': { sentence: lostSentence, change: operator },
  'sandbox-refused': {
    sentence: (v) => `the sandbox was refused: ${platformWords(v)}`,
    change: doctor,
  },
  'no-room': {
    sentence: (v) => `the sandbox found no room for ${prose(v, 'minutes')} min: ${platformWords(v)}`,
    change: doctor,
  },
  'commit-unverified': {
    sentence: (v) => `GitHub marks ${code(v, 'sha')} as unverified; the check run fails.`,
    change: operator,
  },
  'credential-found': {
    sentence: fixed(`the sandbox held something like a credential and no agent started; ${REPORTED_BELOW}`),
    change: operator,
  },
  internal: {
    sentence: (v) =>
      v['step'] === 'work'
        ? 'the model could not be reached or gave no answer to go on with, and nothing was changed.'
        : 'something of ours failed.',
    change: operator,
  },
};

/** The reason's sentence, without the outcome word before it. */
export function reasonSentence(reason: Reason): string {
  return TEXTS[reason.code].sentence(reason.values);
}

/** The same for a place that the reason's detail does not stand below. */
export function reasonElsewhere(reason: Reason): string {
  return reasonSentence(reason).replace(/ below\.$/, ' in the status comment.');
}

/** Who can change it, and how. `label` is the one that starts a task; null where the caller does not know it. */
export function reasonRemedy(reason: Reason, label: string | null): string {
  return TEXTS[reason.code].change(setAnew(label));
}

/** `set the label "agent" anew`, as the next step of a sentence. */
export function setAnew(label: string | null): string {
  return label === null ? 'set the label anew' : `set the label ${codeSpan(label)} anew`;
}
