/** How assertions and skipped tests look in a line of a test file, across frameworks; for the gate "test weakening". */

/** A line that checks something. */
export const ASSERTION =
  /\b(assert\w*|expect\w*|should\w*|verify\w*|require\.\w+|ensure\w*|must_\w+|refute\w*|fail|t\.(Error|Errorf|Fatal|Fatalf|is|not|deepEqual|truthy|throws)|EXPECT_\w+|ASSERT_\w+|CHECK\w*|XCTAssert\w*)\s*[!(.]|\bassert\s+\S|\braises?\s*\(|\.(should|to|must)\b|\bprop_assert\w*!/;

/** A line that leaves a test out, or all others. */
export const SKIP =
  /\b(x(it|describe|test|specify|context|feature|scenario)|f(it|describe|context))\s*[.('"]|\b(it|test|describe|suite|context|bench|specify)\.(skip|only|todo|fixme|fails|failing|skipIf|runIf|concurrent\.(skip|only))\b|\b(skip|todo|only)\s*:\s*(true|['"`])|@(Ignore|Disabled|Skip)\w*|@(pytest\.mark\.|unittest\.)(skip|xfail)\w*|\bpytest\.(skip|xfail|importorskip)\b|\bself\.skipTest\b|\braise\s+(unittest\.)?SkipTest\b|\bt\.Skip(f|Now)?\b|\bt\.(skip|todo)\s*\(|#\[\s*ignore\b|#\[\s*should_panic\b|\b(skip|pending|omit)\s+(['"(]|if\b|unless\b|do\b|$)|\[\s*(Ignore|Fact\s*\(\s*Skip|Theory\s*\(\s*Skip)|\bAssume\.|\bassume(True|False|That)\s*\(|\bmarkTest(Skipped|Incomplete)\b|\bthis\.skip\s*\(|\bGTEST_SKIP\b|\bprocess\.exit\s*\(|\bos\._exit\s*\(|\bsys\.exit\s*\(/;
