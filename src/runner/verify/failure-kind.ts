/** Whether a failed test failed by assertion, as far as its report says; only such a failure is a proof. */

const SAYS_ASSERTION =
  /\bassert|AssertionError|ERR_ASSERTION|expect(ed|ation)?\b|ComparisonFailure|TestAssertionError|Failed asserting/i;
const SAYS_ERROR =
  /\b(ReferenceError|TypeError|SyntaxError|RangeError|ImportError|ModuleNotFoundError|NameError|AttributeError|IndentationError|NullPointerException|ClassNotFoundException|NoSuchMethodError|NoClassDefFoundError|panic|Cannot find (module|package)|ERR_MODULE_NOT_FOUND|is not (a function|defined)|error TS\d+|compilation failed|build failed)\b/i;

/** `type` is the report's own word for the failure where it has one (a class name, as a rule); it outranks the text. */
export function failureKind(type: string, text: string): 'assertion' | 'error' {
  if (SAYS_ASSERTION.test(type)) return 'assertion';
  if (SAYS_ERROR.test(type)) return 'error';
  if (/ERR_ASSERTION|AssertionError/.test(text)) return 'assertion';
  if (SAYS_ERROR.test(text)) return 'error';
  if (/(Error|Exception)$/.test(type)) return 'error';
  return 'assertion';
}
