/**
 * The one secret scanner: for the files of a change set (gate "secrets") and for every text that we post (comments,
 * titles, branch names, commit messages). It looks at the text and at what the text decodes to, and never shows a value.
 */
import { runAtOnce, type Steps } from '../shared/steps.ts';
import { decodedViews } from './decoded-views.ts';
import { type KnownSecrets, knownSpans, NOTHING_KNOWN, type SecretSpan } from './known-secrets.ts';
import { SECRET_PATTERNS } from './secret-patterns.ts';

const UNREADABLE = 'text that decodes to too much to be read';

/**
 * Longer texts are read in windows, since what a text decodes to, and what a pattern keeps in order to go back, grows with
 * it: one run of 8 MB overflowed the stack of V8's patterns. A secret of up to the overlap is whole in one of them, which
 * is a private key of 16,384 bits in base64 twice.
 */
const WINDOW = 131_072;
const OVERLAP = 32_768;

/** All secrets of a text, sorted by place; one place is reported once. `budget`: characters that decoding a window may produce. */
export function scanText(text: string, known: KnownSecrets = NOTHING_KNOWN, budget?: number): SecretSpan[] {
  return runAtOnce(scanInSteps(text, known, budget));
}

/** The text with every certain secret replaced by `(removed: KIND)`; equal texts give equal results. */
export function redact(text: string, known: KnownSecrets = NOTHING_KNOWN): string {
  return runAtOnce(redactInSteps(text, known));
}

/** The same, a window at each step. */
export function* redactInSteps(text: string, known: KnownSecrets = NOTHING_KNOWN): Steps<string> {
  let redacted = '';
  let at = 0;
  for (const one of yield* scanInSteps(text, known)) {
    if (!one.certain || one.start < at) continue;
    redacted += `${text.slice(at, one.start)}(removed: ${one.kind})`;
    at = one.end;
  }
  return redacted + text.slice(at);
}

function* scanInSteps(text: string, known: KnownSecrets, budget?: number): Steps<SecretSpan[]> {
  const found = scanWindow(text.slice(0, WINDOW), known, budget);
  for (let from = WINDOW - OVERLAP; from + OVERLAP < text.length; from += WINDOW - OVERLAP) {
    yield;
    for (const { start, end, ...hit } of scanWindow(text.slice(from, from + WINDOW), known, budget)) {
      found.push({ ...hit, start: start + from, end: end + from });
    }
  }
  return withoutOverlaps(found);
}

function scanWindow(text: string, known: KnownSecrets, budget?: number): SecretSpan[] {
  const { views, complete } = decodedViews(text, budget);
  // Fails closed: what decodes to more than can be read may hold anything.
  const found: SecretSpan[] = complete
    ? []
    : [{ kind: UNREADABLE, start: 0, end: text.length, certain: true }];
  for (const view of views) {
    for (const hit of [...knownSpans(view.text, known), ...patternSpans(view.text)]) {
      const [start, end] = view.origin(hit.start, hit.end);
      found.push({ kind: hit.kind + view.how, start, end, certain: hit.certain });
    }
  }
  return found;
}

function patternSpans(text: string): SecretSpan[] {
  const spans: SecretSpan[] = [];
  for (const { kind, pattern, certain, accepts } of SECRET_PATTERNS) {
    if (text.search(pattern) < 0) continue; // `matchAll` copies the pattern at each call, which is most of a short text's price
    for (const match of text.matchAll(pattern)) {
      const [start, end] = match.indices?.groups?.['secret'] ?? [match.index, match.index + match[0].length];
      if (accepts?.(text.slice(start, end)) ?? true) spans.push({ kind, start, end, certain });
    }
  }
  return spans;
}

/** Spans that overlap become one; an uncertain one is dropped where a certain one stands. */
function withoutOverlaps(found: readonly SecretSpan[]): SecretSpan[] {
  const certain = joined(found.filter((one) => one.certain));
  let at = 0;
  const others = joined(found.filter((one) => !one.certain)).filter((one) => {
    while ((certain[at]?.end ?? Number.POSITIVE_INFINITY) <= one.start) at += 1;
    return (certain[at]?.start ?? Number.POSITIVE_INFINITY) >= one.end;
  });
  return [...certain, ...others].sort((a, b) => a.start - b.start);
}

function joined(spans: readonly SecretSpan[]): SecretSpan[] {
  const result: SecretSpan[] = [];
  for (const one of [...spans].sort((a, b) => a.start - b.start || b.end - a.end)) {
    const last = result.at(-1);
    if (!last || one.start >= last.end) result.push(one);
    else if (one.end > last.end) result[result.length - 1] = { ...last, end: one.end };
  }
  return result;
}
