/**
 * JUnit XML as node, vitest, jest, pytest, maven, gradle and go-junit-report write it. Reports are hostile: no document
 * type (so no entities of their own, which could grow without bound), bounded depth and size, truncated is unreadable.
 */
import { XMLParser, XMLValidator } from 'fast-xml-parser';
import { z } from 'zod';
import { failureKind } from './failure-kind.ts';
import { failureOf, type RawTest, type ReadReport } from './test-ids.ts';

const MAX_DEPTH = 40;
const TEXT = '#text';
const ATTRIBUTES = ':@';

/** `preserveOrder` form: each node is an object with one tag and perhaps attributes. */
const Node = z.record(z.string(), z.unknown());
type Node = z.infer<typeof Node>;

/** Reads one report. */
export function parseJunit(xml: string): ReadReport {
  if (/<!(DOCTYPE|ENTITY)/i.test(xml)) return { problem: 'the JUnit report declares a document type' };
  try {
    const valid = XMLValidator.validate(xml);
    if (valid !== true)
      return { problem: `the JUnit report is not XML: ${valid.err.msg} (line ${valid.err.line})` };
    const roots = nodes(parser().parse(xml)).filter((node) => !tagOf(node).startsWith('?'));
    if (!roots.some((node) => ['testsuites', 'testsuite'].includes(tagOf(node)))) {
      return { problem: 'the JUnit report has no <testsuites> or <testsuite>' };
    }
    return { tests: roots.flatMap((node) => testsOf(node, [], null, 0)) };
  } catch (error) {
    return {
      problem: `the JUnit report cannot be read: ${error instanceof Error ? error.message.slice(0, 200) : 'error'}`,
    };
  }
}

function parser(): XMLParser {
  return new XMLParser({
    preserveOrder: true,
    ignoreAttributes: false,
    attributeNamePrefix: '',
    parseTagValue: false,
    parseAttributeValue: false,
    trimValues: false,
    processEntities: true,
    // numeric references such as &#38; are read by this switch alone; each entity it knows is one character
    htmlEntities: true,
  });
}

function testsOf(node: Node, suites: readonly string[], file: string | null, depth: number): RawTest[] {
  if (depth > MAX_DEPTH) throw new Error(`suites nested deeper than ${MAX_DEPTH}`);
  const tag = tagOf(node);
  if (tag === 'testcase') return [testOf(node, suites, file)];
  if (tag !== 'testsuites' && tag !== 'testsuite') return [];
  const name = attribute(node, 'name');
  const inner = tag === 'testsuite' && name !== '' ? [...suites, name] : suites;
  const own = attribute(node, 'file') || attribute(node, 'filepath') || (isPath(name) ? name : '');
  return childrenOf(node).flatMap((child) => testsOf(child, inner, own || file, depth + 1));
}

function testOf(node: Node, suites: readonly string[], suiteFile: string | null): RawTest {
  const className = attribute(node, 'classname');
  const file = attribute(node, 'file') || (isPath(className) ? className : suiteFile);
  // node writes the class "test" everywhere; many repeat the suite's name.
  const named = className === '' || className === 'test' || suites.includes(className);
  const path = [...suites, ...(named ? [] : [className]), attribute(node, 'name')];
  return { path, file: file || null, ...verdictOf(childrenOf(node)) };
}

function verdictOf(children: readonly Node[]): Pick<RawTest, 'status' | 'failure'> {
  const bad = children.find((child) => ['failure', 'error'].includes(tagOf(child)));
  if (bad !== undefined) {
    const message = [attribute(bad, 'message'), textOf(bad)].filter((part) => part.trim() !== '').join('\n');
    const kind = tagOf(bad) === 'error' ? 'error' : failureKind(attribute(bad, 'type'), message);
    return { status: 'failed', failure: failureOf(kind, message) };
  }
  const skipped = children.some((child) => tagOf(child) === 'skipped');
  return { status: skipped ? 'skipped' : 'passed', failure: null };
}

function nodes(value: unknown): Node[] {
  return z.array(Node).parse(value);
}

function tagOf(node: Node): string {
  return Object.keys(node).find((key) => key !== ATTRIBUTES) ?? '';
}

function childrenOf(node: Node): Node[] {
  const inner = node[tagOf(node)];
  return Array.isArray(inner) ? nodes(inner) : [];
}

function attribute(node: Node, name: string): string {
  const attributes = Node.safeParse(node[ATTRIBUTES]);
  const value = attributes.success && Object.hasOwn(attributes.data, name) ? attributes.data[name] : '';
  return typeof value === 'string' ? value : '';
}

function textOf(node: Node): string {
  return childrenOf(node)
    .map((child) => (tagOf(child) === TEXT ? String(child[TEXT]) : textOf(child)))
    .join('');
}

function isPath(text: string): boolean {
  return /[/\\.][^\s]*\.[a-z]{1,4}$/i.test(text) || /^[\w.-]+\.[cm]?[jt]sx?$/.test(text);
}
