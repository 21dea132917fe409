/** The gate "protected paths": what it sees in any spelling, and how far the configuration widens or an admin lifts it. */
import { describe, expect, test } from 'vitest';
import { binaries } from '../../../src/result/gates/binaries.ts';
import { bulk } from '../../../src/result/gates/bulk.ts';
import { dependencies } from '../../../src/result/gates/dependencies.ts';
import { execBits } from '../../../src/result/gates/exec-bits.ts';
import { protectedPaths } from '../../../src/result/gates/protected-paths.ts';
import { size } from '../../../src/result/gates/size.ts';
import { buildAttemptConfig } from '../../builders/attempt-config.ts';
import { buildGateInput, seenBy, textFiles } from '../../builders/gate-input.ts';

describe('protected paths', () => {
  test.each([
    '.github/workflows/ci.yml',
    '.github/dependabot.yml',
    '.GitHub/Workflows/ci.yml',
    '.github/CODEOWNERS',
    'docs/CODEOWNERS',
    'codeowners',
    'AGENTS.md',
    'sub/agents.md',
    'CLAUDE.md',
    'CLAUDE.local.md',
    'GEMINI.md',
    '.claude/settings.json',
    '.vscode/tasks.json',
    'packages/a/.cursor/rules/x.mdc',
    '.cursorrules',
    '.mcp.json',
    '.husky/pre-commit',
    '.gitmodules',
    '.gitattributes',
    '.pre-commit-config.yaml',
    '.gitlab-ci.yml',
    'Jenkinsfile',
    'glovebox.config.yml',
  ])('INC-16: %s blocks', (path) => {
    expect(protectedPaths(buildGateInput(textFiles(path)))).toEqual([
      { path, line: null, saw: 'added', effect: 'blocks', code: 'protected-path' },
    ]);
  });

  test('INC-16: changing and deleting block as well', () => {
    const base = { 'AGENTS.md': 'x', 'CLAUDE.md': 'x' };
    expect(seenBy(protectedPaths, { base, put: { 'AGENTS.md': 'y' }, delete: ['CLAUDE.md'] })).toEqual([
      'blocks AGENTS.md: changed',
      'blocks CLAUDE.md: deleted',
    ]);
  });

  test('INC-16, counter-test: what agents read is an ordinary file to git, and nothing else here stops it', () => {
    const spec = textFiles('AGENTS.md');
    expect([size, execBits, binaries, dependencies, bulk].flatMap((gate) => seenBy(gate, spec))).toEqual([]);
  });

  test.each([
    'src/a.ts',
    'README.md',
    '.eslintrc.json',
    '.gitignore',
    'docs/agents/overview.md',
    'src/github/workflows/a.ts',
  ])('%s passes', (path) => {
    expect(seenBy(protectedPaths, textFiles(path))).toEqual([]);
  });

  test('the configuration adds paths, and an admin lifts built-in ones, but never workflows or what the file protects', () => {
    const config = buildAttemptConfig({
      protectedPaths: ['infra/**', 'src/locked.ts'],
      allowedPaths: ['AGENTS.md', '.github/**', '.vscode/', 'infra/**'],
    });
    const paths = [
      'AGENTS.md',
      'CLAUDE.md',
      '.vscode/a',
      '.github/dependabot.yml',
      '.github/workflows/a.yml',
      'infra/a',
      'src/locked.ts',
    ];
    expect(paths.filter((path) => seenBy(protectedPaths, textFiles(path), config).length > 0)).toEqual([
      'CLAUDE.md',
      '.github/workflows/a.yml',
      'infra/a',
      'src/locked.ts',
    ]);
  });

  test('a pattern that cannot be read throws, which the caller turns into a block', () => {
    const config = buildAttemptConfig({ protectedPaths: ['src/[ab].ts'] });
    expect(() => protectedPaths(buildGateInput(textFiles('README.md'), { config }))).toThrow(
      expect.objectContaining({ code: 'path-pattern-invalid' }),
    );
  });
});
