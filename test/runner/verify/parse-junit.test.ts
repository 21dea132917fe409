import { expect, test } from 'vitest';
import { parseJunit } from '../../../src/runner/verify/parse-junit.ts';

function outline(xml: string) {
  const read = parseJunit(xml);
  if ('problem' in read) return read.problem;
  return read.tests.map((one) => [one.path.join(' › '), one.file, one.status, one.failure?.kind ?? null]);
}

test.each([
  [
    "node's, nested suites, constant class",
    '<?xml version="1.0"?><testsuites><testsuite name="parseDuration"><testcase name="reads 1h30m" time="0.1" classname="test" file="/w/test/a.test.js"/></testsuite><testcase name="flat" classname="test"/></testsuites>',
    [
      ['parseDuration › reads 1h30m', '/w/test/a.test.js', 'passed', null],
      ['flat', null, 'passed', null],
    ],
  ],
  [
    "vitest's, suites named by file",
    '<testsuites><testsuite name="test/a.test.ts"><testcase classname="test/a.test.ts" name="d &gt; reads"><failure message="expected 1 to be 2" type="AssertionError">x</failure></testcase></testsuite></testsuites>',
    [['test/a.test.ts › d > reads', 'test/a.test.ts', 'failed', 'assertion']],
  ],
  [
    "pytest's, class names and errors",
    '<testsuites><testsuite name="pytest"><testcase classname="tests.test_a" name="test_x"/><testcase classname="tests.test_a" name="test_y"><error message="fixture">boom</error></testcase><testcase classname="tests.test_a" name="test_z"><skipped/></testcase></testsuite></testsuites>',
    [
      ['pytest › tests.test_a › test_x', null, 'passed', null],
      ['pytest › tests.test_a › test_y', null, 'failed', 'error'],
      ['pytest › tests.test_a › test_z', null, 'skipped', null],
    ],
  ],
  [
    "maven's, with a Java exception",
    '<testsuite name="org.A"><testcase classname="org.A" name="a"><failure type="java.lang.NullPointerException">at</failure></testcase><testcase classname="org.A" name="b"><failure type="org.opentest4j.AssertionFailedError" message="expected: 1"/></testcase></testsuite>',
    [
      ['org.A › a', null, 'failed', 'error'],
      ['org.A › b', null, 'failed', 'assertion'],
    ],
  ],
  ['no tests', '<testsuites/>', []],
  [
    'CDATA and character references',
    '<testsuite name="s"><testcase name="a&#38;b"><failure><![CDATA[assert <x>]]></failure></testcase></testsuite>',
    [['s › a&b', null, 'failed', 'assertion']],
  ],
])('reads %s', (_name, xml, expected) => {
  expect(outline(xml)).toEqual(expected);
});

test.each([
  ['an empty file', ''],
  ['a truncated report', '<testsuites><testsuite name="a"><testcase name="b"/>'],
  ['another document', '<html><body/></html>'],
  [
    'an entity bomb',
    '<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]><testsuites><testsuite name="&b;"/></testsuites>',
  ],
  ['an external entity', '<!DOCTYPE x SYSTEM "file:///etc/passwd"><testsuites/>'],
  ['suites nested without end', '<testsuite name="s">'.repeat(5_000) + '</testsuite>'.repeat(5_000)],
  ['binary bytes', '\u0000\u0001\u0002'],
])('refuses %s with a reason', (_name, xml) => {
  expect(parseJunit(xml)).toEqual({ problem: expect.stringContaining('the JUnit report') });
});

test('an attribute that would reach for object prototypes makes the report unreadable, and nothing else', () => {
  const xml = '<testsuite name="s"><testcase name="a" __proto__="x"/></testsuite>';
  expect(parseJunit(xml)).toEqual({ problem: expect.stringContaining('cannot be read') });
  expect(outline('<testsuite name="s"><testcase name="a" toString="x"/></testsuite>')).toEqual([
    ['s › a', null, 'passed', null],
  ]);
});

test('a long honest report with many escaped characters is read', () => {
  const cases = Array.from(
    { length: 5_000 },
    (_, index) => `<testcase name="a &lt; ${index} &amp;&quot;&#x41;"/>`,
  );
  const read = parseJunit(`<testsuite name="s">${cases.join('')}</testsuite>`);
  expect('tests' in read && read.tests.length).toBe(5_000);
  expect('tests' in read && read.tests[1]?.path).toEqual(['s', 'a < 1 &"A']);
});
