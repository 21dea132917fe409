/**
 * What counts as tests, per ecosystem; read by `classify-path`. Patterns see the folded path (lower case, unified), need
 * no backtracking, and are tried in order: the first match names the kind.
 */

/** One rule: what it matches, what that is, and the words for a reader. */
export interface HarnessRule {
  readonly kind: 'test' | 'harness' | 'fixture';
  readonly what: string;
  readonly pattern: RegExp;
  /** True: the pattern sees the path as it is, for names whose case carries the meaning (`FooTest`, not `latest`). */
  readonly caseMatters: boolean;
}

const rule = (kind: HarnessRule['kind'], what: string, pattern: RegExp): HarnessRule => ({
  kind,
  what,
  pattern,
  caseMatters: false,
});

const caseRule = (what: string, pattern: RegExp): HarnessRule => ({
  kind: 'test',
  what,
  pattern,
  caseMatters: true,
});

const GENERIC: readonly HarnessRule[] = [
  rule('fixture', 'snapshot', /(^|\/)__(snapshots|image_snapshots)__\/|\.(snap|approved\.[a-z0-9]+|golden)$/),
  rule(
    'fixture',
    'fixture',
    /(^|\/)(__fixtures__|fixtures?|testdata|test[-_]data|goldens?|cassettes|__mocks__)\//,
  ),
  rule('harness', 'dot folder', /(^|\/)\.[^/]+\//),
  rule('harness', 'dot file', /(^|\/)\.[^/]+$/),
  rule('harness', 'script folder', /^(tools?|ci|build-tools|hack)\/|(^|\/)scripts?\//),
  rule('harness', 'script', /\.(sh|bash|zsh|fish|ps1|psm1|bat|cmd|mk|cmake|just)$/),
  rule(
    'harness',
    'build file',
    /(^|\/)((gnu)?makefile|justfile|taskfile\.ya?ml|dockerfile[^/]*|containerfile|procfile|vagrantfile|jenkinsfile|brewfile|tiltfile|earthfile|cmakelists\.txt|meson\.build|sconstruct|wscript|configure|(docker-)?compose[^/]*\.ya?ml|build(\.bazel)?|workspace(\.bazel)?|module\.bazel(\.lock)?|flake\.(nix|lock)|default\.nix|shell\.nix|devbox\.(json|lock))$/,
  ),
  rule('harness', 'vendored code', /(^|\/)(vendor|node_modules|third_party|site-packages)\//),
  rule(
    'harness',
    'test runner',
    /(^|\/)(run[-_]?(all[-_]?)?tests?|test[-_]?runner|run[-_]?specs?)(\.[^/]*)?$/,
  ),
];

const FOLDERS: readonly HarnessRule[] = [
  rule(
    'test',
    'test folder',
    /(^|\/)(__tests?__|tests?|specs?|e2e|integration[-_]tests?|unit[-_]tests?|testing|test[-_](helpers?|utils?|support))\//,
  ),
];

const NODE: readonly HarnessRule[] = [
  rule('test', 'test file', /(\.(test|tests|spec|specs|e2e|cy|bench)(-d)?|[_-]tests?|_spec)\.[cm]?[jt]sx?$/),
  rule('test', 'test file', /(^|\/)(test|tests|spec|e2e)\.[cm]?[jt]sx?$/),
  rule('test', 'test folder', /(^|\/)(cypress|playwright|__e2e__)\//),
  rule(
    'harness',
    'manifest',
    /(^|\/)(package|npm-shrinkwrap|package-lock|deno|deps|jsr|bower|lerna|nx|turbo|rush|project|workspace|component)\.jsonc?$/,
  ),
  rule(
    'harness',
    'lockfile',
    /(^|\/)(yarn\.lock|pnpm-lock\.yaml|pnpm-workspace\.yaml|bun\.lockb?|deno\.lock|bunfig\.toml|import_map\.json)$/,
  ),
  rule(
    'harness',
    'configuration',
    /(^|\/)[^/]+\.(config|conf|setup|preset|workspace)\.([cm]?[jt]sx?|jsonc?|ya?ml|toml)$/,
  ),
  rule('harness', 'compiler configuration', /(^|\/)(tsconfig|jsconfig)[^/]*\.json$/),
  rule(
    'harness',
    'test setup',
    /(^|\/)(setup-?tests?|test-?setup|jest-?setup|global-?(setup|teardown)|karma|gulpfile|gruntfile|biome|wallaby|protractor)([.-][^/]*)?\.([cm]?[jt]sx?|jsonc?)$/,
  ),
];

const PYTHON: readonly HarnessRule[] = [
  rule(
    'harness',
    'test setup',
    /(^|\/)(conftest|sitecustomize|usercustomize|noxfile|fabfile|dodo|pavement)\.py$|^tasks\.py$|\.pth$/,
  ),
  rule('test', 'test file', /(^|\/)(test_[^/]*|[^/]*_tests?|tests?)\.pyi?$|\.feature$/),
  rule(
    'harness',
    'manifest',
    /(^|\/)(setup\.(py|cfg)|pyproject\.toml|pipfile|environment[^/]*\.ya?ml|manifest\.in|[^/]*(requirements|constraints)[^/]*\.(txt|in|pip))$|(^|\/)(requirements|constraints)\//,
  ),
  rule(
    'harness',
    'lockfile',
    /(^|\/)(pipfile\.lock|poetry\.lock|poetry\.toml|uv\.lock|uv\.toml|pdm\.lock|pdm\.toml|pixi\.(lock|toml)|pylock[^/]*\.toml|conda-lock\.ya?ml)$/,
  ),
  rule(
    'harness',
    'configuration',
    /(^|\/)(tox|pytest|mypy|setup|pylintrc|coverage|nose)[^/]*\.(ini|toml|cfg|rc)$/,
  ),
];

const GO: readonly HarnessRule[] = [
  rule('test', 'test file', /_test\.go$/),
  rule('harness', 'manifest', /(^|\/)go\.(mod|sum|work|work\.sum)$/),
  rule('harness', 'build file', /(^|\/)(magefile\.go|magefiles\/.*|tools\.go|buf[^/]*\.ya?ml)$/),
];

const RUST: readonly HarnessRule[] = [
  rule('harness', 'manifest', /(^|\/)cargo\.(toml|lock)$/),
  rule(
    'harness',
    'build file',
    /(^|\/)(build\.rs|rust-toolchain(\.toml)?|rustfmt\.toml|clippy\.toml|nextest\.toml)$/,
  ),
  rule('test', 'test file', /(^|\/)(tests?|[^/]*_tests?)\.rs$|(^|\/)benches\//),
];

const JAVA: readonly HarnessRule[] = [
  rule('test', 'test folder', /(^|\/)src\/[^/]*(test|testfixtures|it|spec)\//),
  caseRule(
    'test file',
    /(^|\/)(Test[A-Z0-9_][^/]*|[^/]*(Test|Tests|TestCase|IT|ITCase|Spec|Specs))\.(java|kt|kts|groovy|scala|cs|fs|vb|php|swift)$/,
  ),
  rule(
    'harness',
    'manifest',
    /(^|\/)(pom\.xml|build\.xml|ivy\.xml|build\.sbt|gradle\.(properties|lockfile)|gradlew|mvnw|lombok\.config|junit-platform\.properties|testng[^/]*\.xml|build\.sc|[^/]*\.versions\.toml)$/,
  ),
  rule(
    'harness',
    'build file',
    /\.(gradle|gradle\.kts|sbt|csproj|fsproj|vbproj|props|targets|sln|runsettings)$|(^|\/)(gradle|buildsrc|project)\//,
  ),
  rule(
    'harness',
    'configuration',
    /(^|\/)(phpunit[^/]*\.xml(\.dist)?|composer\.(json|lock)|packages?\.(swift|resolved|config|lock\.json)|global\.json|nuget\.config)$/,
  ),
];

const RUBY: readonly HarnessRule[] = [
  rule('harness', 'test setup', /(^|\/)(spec_helper|rails_helper|test_helper)\.rb$/),
  rule('test', 'test file', /_(spec|test)\.rb$|(^|\/)(test_[^/]*\.rb|features\/.*)$/),
  rule('harness', 'manifest', /(^|\/)(gemfile[^/]*|gems\.(rb|locked))$|\.gemspec$/),
  rule('harness', 'build file', /(^|\/)(rakefile|guardfile|thorfile|capfile|appraisals|config\.ru)$|\.rake$/),
  rule(
    'harness',
    'manifest',
    /(^|\/)(mix\.(exs|lock)|rebar\.(config|lock)|pubspec\.(yaml|lock)|podfile(\.lock)?|stack\.yaml|[^/]*\.cabal|dune-project|dune)$/,
  ),
];

/** All tables in order: what steers a run is never taken for a mere test. */
export const HARNESS_TABLES: readonly (readonly [string, readonly HarnessRule[]])[] = [
  ['generic', GENERIC],
  ['node', NODE],
  ['python', PYTHON],
  ['go', GO],
  ['rust', RUST],
  ['java', JAVA],
  ['ruby', RUBY],
  ['generic', FOLDERS],
];
