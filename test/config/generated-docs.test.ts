/** What is published about configuration says what the program reads: schemas, page, example, App manifest. */
import { readFileSync } from 'node:fs';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { generatedFiles } from '../../build/configuration-page.ts';
import { readAdminConfig } from '../../src/config/read-file.ts';
import { smallestConfig } from '../../src/config/smallest-config.ts';
import { buildAdmin } from '../builders/admin-config.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

describe('generated documents', () => {
  it.each(generatedFiles().map(({ path, text }) => [path, text] as const))('%s is current', (path, text) => {
    expect(read(path)).toBe(text);
  });

  it('the example of the admin’s file is valid, by our reader and by the published schema', () => {
    const text = read('glovebox.config.example.yml');
    expect(readAdminConfig(text).problems).toEqual([]);
    expect(problems('admin', parse(text))).toEqual([]);
    expect(problems('admin', { ...parse(text), lable: 'x' })).toHaveLength(1);
  });

  it('the smallest repository file is valid by the published schema', () => {
    expect(problems('repository', parse(smallestConfig(buildAdmin())))).toEqual([]);
    expect(problems('repository', { checks: [] })).toHaveLength(1);
  });

  it('names every key and every variable once', () => {
    const page = read('docs/configuration.md');
    for (const key of [
      '`budget.perTask`',
      '`checks[].report.path`',
      '`GITHUB_WEBHOOK_SECRET`',
      '`templates.NAME.disk`',
    ]) {
      expect(page).toContain(`|${key}`);
    }
  });
});

describe('INC-16: the App’s manifest', () => {
  const manifest = parse(read('app.yml'));

  it('asks for these permissions and no other: no workflows, no administration', () => {
    expect(manifest.default_permissions).toEqual({
      metadata: 'read',
      contents: 'write',
      issues: 'write',
      pull_requests: 'write',
      checks: 'write',
    });
    expect(manifest.default_events).toEqual(['issues']);
  });

  it('gives each permission’s reason in a comment above it', () => {
    const lines = read('app.yml').split('\n');
    for (const name of Object.keys(manifest.default_permissions)) {
      const index = lines.findIndex((line) => line.startsWith(`  ${name}:`));
      expect(lines[index - 1]).toMatch(/^ {2}# \S.{20,}/);
    }
  });
});

function problems(name: string, value: unknown): unknown[] {
  const validate = new Ajv2020({ allErrors: true, strict: false }).compile(
    JSON.parse(read(`docs/schemas/${name}.schema.json`)),
  );
  validate(value);
  return validate.errors ?? [];
}
