/** `glovebox validate`: offline, every problem in one go, exit codes 0, 1 and 2. */
import { describe, expect, it } from 'vitest';
import { validateCommand } from '../../src/config/validate.ts';

const ADMIN = `templates: { node-24: { isolation: bubblewrap } }
models: { claude-sonnet-4-6: {} }
defaultModel: claude-sonnet-4-6
defaultTemplate: node-24
budget: { perTask: 5 }
`;
const VALID = "checks: [{ run: npm test, report: { format: tap, path: '-' } }]\n";

async function run(files: Record<string, string>, args: { path?: string; admin?: string } = {}) {
  let out = '';
  let error = '';
  const code = await validateCommand(args, {
    out: (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
    read: async (path) => files[path] ?? null,
  });
  return { code, out, error };
}

describe('glovebox validate', () => {
  it('prints what is wrong as the terminal shows it', async () => {
    const text = 'template: node-24\nsetup: [npm ci]\nbudget:\n  perTask: -3\n\n\ncheck: []\n';
    expect(await run({ '.github/glovebox.yml': text, 'glovebox.config.yml': ADMIN })).toEqual({
      code: 1,
      error: '',
      out: `.github/glovebox.yml:4  Invalid budget '-3' at budget.perTask: expected 0.01 to
  5.00 US dollars (glovebox.config.yml). Write a number in this range.
.github/glovebox.yml:7  Unknown key 'check': did you mean 'checks'?
2 errors in 1 file
`,
    });
  });

  it('says that a file is valid, with and without the admin’s bounds', async () => {
    expect(await run({ '.github/glovebox.yml': VALID, 'glovebox.config.yml': ADMIN })).toMatchObject({
      code: 0,
      out: 'Valid: .github/glovebox.yml\n',
    });
    expect(await run({ '.github/glovebox.yml': VALID })).toMatchObject({ code: 0 });
  });

  it('warns where nothing can be verified, and is still valid', async () => {
    const { code, out } = await run({ 'a.yml': 'checks: [{ run: make, kind: command }]' }, { path: 'a.yml' });
    expect(code).toBe(0);
    expect(out).toMatch(/^a.yml:1 {2}Warning: No 'tests' check at checks/);
    expect(out).toMatch(/Valid: a.yml, 1 warning\n$/);
  });

  it('reads an admin’s file by its name', async () => {
    expect(await run({ 'glovebox.config.yml': ADMIN }, { path: 'glovebox.config.yml' })).toMatchObject({
      code: 0,
    });
    expect(await run({ 'x/glovebox.config.yml': 'a: 1' }, { path: 'x/glovebox.config.yml' })).toMatchObject({
      code: 1,
    });
  });

  it('applies the bounds of the file that --admin names', async () => {
    const files = {
      '.github/glovebox.yml': `${VALID}budget: { perTask: 3 }`,
      'strict.yml': ADMIN.replace('5 }', '2 }'),
    };
    expect(await run(files)).toMatchObject({ code: 0 });
    expect((await run(files, { admin: 'strict.yml' })).out).toMatch(/expected 0.01\s+to 2.00 US dollars/);
  });

  it('ends with 2 where a file cannot be read', async () => {
    expect(await run({})).toMatchObject({
      code: 2,
      error: expect.stringMatching(/^Refused: There is no file '.github\/glovebox.yml'/),
    });
    expect(await run({ '.github/glovebox.yml': VALID }, { admin: 'none.yml' })).toMatchObject({ code: 2 });
  });
});
