/** What GitHub is told is what app.yml, which people read, says. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { appManifest } from '../../../src/cmd/app/app-manifest.ts';
import { APP_EVENTS, APP_PERMISSIONS } from '../../../src/cmd/app/app-permissions.ts';
import { readTarget } from '../../../src/cmd/app/app-target.ts';

const text = readFileSync(new URL('../../../app.yml', import.meta.url), 'utf8');
const file = parse(text);
const target = readTarget({ org: 'octo-org', url: 'https://glovebox.example.com' });
const manifest = appManifest(target, 'http://127.0.0.1:1/callback');

it('INC-16: the manifest asks for the permissions and events of app.yml and no other', () => {
  expect(manifest.default_permissions).toEqual(file.default_permissions);
  expect(manifest.default_events).toEqual(file.default_events);
  expect([manifest.public, manifest.description]).toEqual([file.public, file.description]);
});

it.each([...APP_PERMISSIONS, ...APP_EVENTS])(
  'the reason of $name is the one of app.yml',
  ({ name, reason }) => {
    const lines = text.split('\n');
    const entry = lines[lines.indexOf(`  # ${reason}`) + 1];
    expect(entry).toMatch(new RegExp(`^  (- )?${name}\\b`));
  },
);

it("a long organisation's name is cut to what GitHub takes", () => {
  expect(appManifest({ ...target, org: 'o'.repeat(39) }, 'http://127.0.0.1:1/callback').name).toHaveLength(
    34,
  );
});
