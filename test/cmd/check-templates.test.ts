import { describe, expect, it } from 'vitest';
import { checkTemplates } from '../../src/cmd/check-templates.ts';
import { readAdminConfig } from '../../src/config/read-file.ts';

const adminOf = (templates: string) => {
  const { config } = readAdminConfig(`templates:
${templates}
models: { claude-sonnet-4-6: {} }
defaultModel: claude-sonnet-4-6
budget: { perTask: 5, repository: { day: 20 } }
`);
  if (config === null) throw new Error('the file is not valid');
  return config;
};
const HERE = '  here: { isolation: bubblewrap }\n  open: { isolation: none }';
const POD = '  pod: { isolation: pod, image: node:24 }';

describe('templates and where sandboxes run', () => {
  it('fit: processes on one machine, pods on a cluster', () => {
    checkTemplates(adminOf(HERE), 'glovebox.config.yml', 'process');
    checkTemplates(adminOf(POD), 'glovebox.config.yml', 'kubernetes');
  });

  it('stop the bot at its start where they do not fit, each with what to do', () => {
    expect(() => checkTemplates(adminOf(POD), 'glovebox.config.yml', 'process')).toThrow(
      "Invalid isolation 'pod' in glovebox.config.yml at templates.pod: expected 'bubblewrap' or 'none', since GLOVEBOX_SANDBOX is 'process'. Change the template, or set GLOVEBOX_SANDBOX=kubernetes.",
    );
    expect(() => checkTemplates(adminOf(`${HERE}\n${POD}`), 'a.yml', 'kubernetes')).toThrow(
      /^Invalid isolation 'bubblewrap' in a.yml at templates.here: expected 'pod', .*\nInvalid isolation 'none' in a.yml at templates.open: .*GLOVEBOX_SANDBOX=process\.$/,
    );
  });
});
