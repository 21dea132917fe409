import { expect, it } from 'vitest';
import { readTarget } from '../../../src/cmd/app/app-target.ts';

it.each([
  ['https://github.com', 'https://api.github.com'],
  ['https://github.com/', 'https://api.github.com'],
  ['https://octo.ghe.com', 'https://api.octo.ghe.com'],
  ['https://github.example.com', 'https://github.example.com/api/v3'],
  ['https://github.example.com:8443', 'https://github.example.com:8443/api/v3'],
  ['http://127.0.0.1:4000', 'http://127.0.0.1:4000/api/v3'],
])('the API of %s is %s', (github, apiUrl) => {
  expect(readTarget({ org: 'octo-org', url: 'https://glovebox.example.com', github }).apiUrl).toBe(apiUrl);
});

it('the webhook is below the given address, with one slash', () => {
  const target = readTarget({ org: 'octo-org', url: 'https://example.com/glovebox/' });
  expect(target.webhookUrl).toBe('https://example.com/glovebox/api/github/webhooks');
});
