/** The import matrix: stages never call each other, imports point one way, SDKs stay in their adapter files. */
const stage = (name, allowed) => ({
  name: `${name}-imports`,
  severity: 'error',
  from: { path: `^src/${name}/` },
  to: {
    path: '^src/',
    pathNot: `^src/(${[name, ...allowed, 'shared', 'config', 'audit', 'task', 'ledger'].join('|')})/`,
  },
});
const typesOnly = (from, to) => ({
  name: `${from}-takes-only-types-of-${to}`,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: {
    path: `^src/${to}/`,
    pathNot: '^src/result/(contract/|verdict[.]ts$)',
    dependencyTypesNot: ['type-only'],
  },
});
const sdk = (name, packages, from) => ({
  name: `${name}-only-in-its-adapter`,
  severity: 'error',
  from: { path: '^src/', pathNot: from },
  to: { path: `node_modules/(${packages})/` },
});

module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'src-does-not-import-tests',
      severity: 'error',
      from: { path: '^src/' },
      to: { path: '^(test|demo|bench|build)/' },
    },
    {
      name: 'runner-stands-alone',
      severity: 'error',
      from: { path: '^src/runner/' },
      to: { path: '^src/', pathNot: '^src/(runner|shared|result/contract)/' },
    },
    {
      name: 'shared-stands-alone',
      severity: 'error',
      from: { path: '^src/shared/' },
      to: { path: '^src/', pathNot: '^src/shared/' },
    },
    stage('webhook', ['job', 'result', 'pull-request']),
    stage('job', ['result']),
    stage('result', []),
    stage('pull-request', ['result', 'job', 'controller']),
    stage('controller', ['job', 'result', 'gateway', 'pull-request', 'webhook']),
    stage('gateway', ['result', 'job']),
    typesOnly('job', 'result'),
    typesOnly('pull-request', 'job'),
    typesOnly('pull-request', 'controller'),
    typesOnly('task', 'result'),
    sdk('octokit', '@octokit|probot|octokit', '(octokit-|/cmd/|src/webhook/)'),
    sdk('anthropic', '@anthropic-ai', '^src/runner/work/'),
    sdk('kubernetes', '@kubernetes', '^src/(job/kube-|gateway/kube-|cmd/doctor)'),
  ],
  options: {
    tsConfig: { fileName: 'tsconfig.json' },
    tsPreCompilationDeps: true,
    // TypeScript 7 has no compiler API yet; swc keeps type-only imports apart as well
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: {
      extensions: ['.ts', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'node'],
    },
  },
};
