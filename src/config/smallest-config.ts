/** The smallest repository file that would do: the answer to an issue in a repository that has none. Pure. */
import type { AdminConfig } from './admin-config.ts';

/** YAML with the admin's default template (or the first one) and one `tests` check to be adapted. */
export function smallestConfig(admin: AdminConfig): string {
  const template = admin.defaultTemplate ?? Object.keys(admin.templates)[0];
  return [
    `template: ${template}`,
    'checks:',
    '  - run: npm test -- --test-reporter=tap   # your test command',
    "    report: { format: tap, path: '-' }     # or { format: junit, path: FILE }",
    '',
  ].join('\n');
}
