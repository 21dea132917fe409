/**
 * What credentials look like: our own patterns with our own capture groups, so that what is redacted is exactly the
 * secret. All are linear. Read by `scan-text`.
 */

/** One kind of credential. The group `secret` (or the whole match without one) is what must not be shown. */
export interface SecretPattern {
  readonly kind: string;
  /** Global, with the `d` flag so that the group's position is known. */
  readonly pattern: RegExp;
  /** False: it looks like a credential, and a human decides. */
  readonly certain: boolean;
  /** A second look where the shape alone says too little. */
  readonly accepts?: (secret: string) => boolean;
}

/** Values that providers print in their own documentation. */
const PUBLISHED = new Set(['AKIAIOSFODNN7EXAMPLE', 'wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY']);

const isNotPublished = (secret: string): boolean => !PUBLISHED.has(secret);

const PLACEHOLDER =
  /^(x+|\*+|\.+|<.*>|\$\{?.*|%.*%|\{\{.*|(your|my|the|some|example|changeme|placeholder|redacted|dummy|fake|test|password|secret|pass|user(name)?)([-_. ].*)?)$/i;

/** A word of configuration that stands for a credential. */
const SECRET_WORD =
  'pass(?:word|wd|phrase)?|secret|token|api[-_.]?key|access[-_.]?key|auth(?:orization)?|credential|private[-_.]?key|client[-_.]?secret|signing[-_.]?key|encryption[-_.]?key';

/** Providers' own forms. Where the form is unmistakable a letter before it does not hide it. */
export const SECRET_PATTERNS: readonly SecretPattern[] = [
  {
    kind: 'AWS access key id',
    certain: true,
    accepts: isNotPublished,
    pattern: /(?<secret>(?:AKIA|ASIA|ABIA|ACCA)[A-Z2-7]{16})/dg,
  },
  {
    kind: 'AWS secret key',
    certain: true,
    accepts: isNotPublished,
    pattern:
      /aws.{0,20}?(?:secret|private).{0,20}?[=:]\s{0,3}["'`]?(?<secret>[A-Za-z0-9/+]{40})(?![A-Za-z0-9/+])/dgi,
  },
  {
    kind: 'GitHub token',
    certain: true,
    pattern: /(?<secret>gh[pousr]_[A-Za-z0-9_.-]{30,520})/dg,
  },
  { kind: 'GitHub token', certain: true, pattern: /(?<secret>github_pat_[A-Za-z0-9_]{22,255})/dg },
  {
    kind: 'GitLab token',
    certain: true,
    pattern: /(?<secret>gl(?:pat|oas|rt|dt|ptt|cbt|soat|ft|agent)-[A-Za-z0-9_.-]{20,300})/dg,
  },
  { kind: 'Anthropic key', certain: true, pattern: /(?<secret>sk-ant-[A-Za-z0-9_-]{20,300})/dg },
  {
    kind: 'Anthropic key',
    certain: true,
    pattern: /(?<secret>(?:api|admin|oat|sid)\d\d-[A-Za-z0-9_-]{60,300})/dg,
  },
  {
    kind: 'OpenAI key',
    certain: true,
    pattern: /(?<![A-Za-z0-9])(?<secret>sk-(?:proj-|svcacct-|admin-)?[A-Za-z0-9_-]{32,300})(?![A-Za-z0-9])/dg,
    accepts: hasMixedCharacters,
  },
  {
    kind: 'Slack token',
    certain: true,
    pattern: /(?<secret>xox[abeoprs]-[A-Za-z0-9-]{10,300}|xapp-\d-[A-Za-z0-9-]{10,300})/dg,
  },
  {
    kind: 'Slack webhook',
    certain: true,
    pattern: /hooks\.slack\.com\/(?:services|workflows)\/(?<secret>[A-Za-z0-9/_-]{20,200})/dg,
  },
  {
    kind: 'Google key',
    certain: true,
    pattern: /(?<secret>AIza[A-Za-z0-9_-]{35})/dg,
  },
  {
    kind: 'Google OAuth secret',
    certain: true,
    pattern: /(?<secret>GOCSPX-[A-Za-z0-9_-]{20,60}|ya29\.[A-Za-z0-9_-]{20,500})/dg,
  },
  {
    kind: 'Stripe key',
    certain: true,
    pattern: /(?<secret>(?:sk|rk)_(?:live|test)_[A-Za-z0-9]{16,250}|whsec_[A-Za-z0-9+/]{20,100})/dg,
  },
  { kind: 'npm token', certain: true, pattern: /(?<secret>npm_[A-Za-z0-9]{36,80})/dg },
  {
    kind: 'npm token',
    certain: true,
    pattern: /_authToken\s{0,3}=\s{0,3}["']?(?<secret>[A-Za-z0-9_./+=-]{16,300})/dg,
    accepts: isNoPlaceholder,
  },
  { kind: 'PyPI token', certain: true, pattern: /(?<secret>pypi-[A-Za-z0-9_-]{50,500})/dg },
  {
    kind: 'SendGrid key',
    certain: true,
    pattern: /(?<secret>SG\.[A-Za-z0-9_-]{16,32}\.[A-Za-z0-9_-]{30,64})/dg,
  },
  {
    kind: 'JSON web token',
    certain: true,
    pattern:
      /(?<![A-Za-z0-9_-])(?<secret>eyJ[A-Za-z0-9_-]{6,4000}\.eyJ[A-Za-z0-9_-]{6,8000}\.[A-Za-z0-9_-]{8,2000})/dg,
  },
  {
    kind: 'JSON web token',
    certain: true,
    pattern: /(?<=[A-Za-z0-9_-]{8})(?<secret>\.eyJ[A-Za-z0-9_-]{20,8000}\.[A-Za-z0-9_-]{20,2000})/dg,
  },
  {
    kind: 'private key',
    certain: true,
    pattern:
      /-----BEGIN (?:[A-Z0-9]{1,20} ){0,4}PRIVATE KEY(?: BLOCK)?-----(?<secret>(?:[^-]|-(?!----)){8,20000})/dg,
    accepts: hasKeyMaterial,
  },
  { kind: 'private key', certain: true, pattern: /PuTTY-User-Key-File-\d:(?<secret>[^-]{8,5000})/dg },
  {
    kind: 'password in a URL',
    certain: true,
    pattern:
      /(?<=[a-z0-9+.-]):\/\/[^\s:/@"'`<>]{0,200}:(?<secret>[^\s/@"'`<>]{3,200})@(?!127\.|0\.0\.0\.0|[a-z0-9.-]{0,60}\bexample\b)[a-z0-9-]{1,63}\.[a-z0-9]/dgi,
    accepts: isNoPlaceholder,
  },
  {
    kind: 'password in a URL',
    certain: false,
    pattern: /(?<=[a-z0-9+.-]):\/\/[^\s:/@"'`<>]{0,200}:(?<secret>[^\s/@"'`<>]{3,200})@[a-z0-9[]/dgi,
    accepts: isNoPlaceholder,
  },
  {
    kind: 'basic authentication',
    certain: true,
    pattern:
      /authorization["']?\s{0,3}[:=,]\s{0,3}["'`]?basic\s{1,3}(?<secret>[A-Za-z0-9+/]{8,400}={0,2})/dgi,
    accepts: isBasicPair,
  },
  {
    kind: 'bearer token',
    certain: false,
    pattern:
      /authorization["']?\s{0,3}[:=,]\s{0,3}["'`]?bearer\s{1,3}(?<secret>[A-Za-z0-9._~+/-]{20,2000}=*)/dgi,
    accepts: looksRandom,
  },
  {
    kind: 'secret assigned',
    certain: false,
    pattern: new RegExp(
      `(?:${SECRET_WORD})["'\`\\]]{0,2}\\s{0,3}(?:[:=]|=>|:=)\\s{0,3}["'\`]?(?<secret>[^\\s"'\`,;(){}<>]{12,500})`,
      'dgi',
    ),
    accepts: looksRandom,
  },
  {
    kind: 'random text in quotes',
    certain: false,
    pattern: /["'`](?<secret>[A-Za-z0-9+/_=-]{32,200})["'`]/dg,
    accepts: looksVeryRandom,
  },
];

function isNoPlaceholder(secret: string): boolean {
  return !PLACEHOLDER.test(secret);
}

/** Base64 lines between the marks: a mark alone, or one in a sentence, is no key. */
function hasKeyMaterial(secret: string): boolean {
  return /[A-Za-z0-9+/=]{16,}/.test(secret.replace(/\\[nr]|["'`,+\s]/g, ''));
}

function isBasicPair(secret: string): boolean {
  const text = Buffer.from(secret, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  return colon > 0 && colon < text.length - 1 && isNoPlaceholder(text.slice(colon + 1));
}

function hasMixedCharacters(secret: string): boolean {
  return /\d/.test(secret) && /[A-Z]/.test(secret) && /[a-z]/.test(secret);
}

/** Over 3.2 bits a character, with a digit, and no expression or placeholder. */
function looksRandom(secret: string): boolean {
  return (
    isNoPlaceholder(secret) &&
    /\d/.test(secret) &&
    !/[.[]\w+[.[(]|\w\(/.test(secret) &&
    entropyBits(secret) > 3.2
  );
}

/** Upper and lower case and digits, over 4.2 bits a character: hex digests and words stay below. */
function looksVeryRandom(secret: string): boolean {
  return hasMixedCharacters(secret) && entropyBits(secret) > 4.2;
}

/** Shannon entropy of the characters, in bits per character. */
function entropyBits(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}
