/**
 * The pages of `glovebox app create`: what will be created, and how it went. They load nothing, run nothing, and never
 * hold a secret.
 */
import { createHash } from 'node:crypto';
import { html, raw } from 'hono/html';
import type { AppManifest } from './app-manifest.ts';
import { APP_EVENTS, APP_PERMISSIONS } from './app-permissions.ts';
import { type AppTarget, settingsUrl } from './app-target.ts';

/** A rendered page. */
export type Page = ReturnType<typeof html>;

const STYLE = `
:root { color-scheme: light dark; --line: #d1d9e0; --dim: #59636e; --accent: #1f883d; }
@media (prefers-color-scheme: dark) { :root { --line: #3d444d; --dim: #9198a1; --accent: #238636; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 46rem; margin: 3rem auto; padding: 0 1.25rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .75rem; }
h2 { font-size: 1.05rem; margin: 2rem 0 .5rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0; border-top: 1px solid var(--line); }
th { font-weight: 600; white-space: nowrap; width: 9rem; }
td.level { width: 4rem; }
code { font: .9em ui-monospace, monospace; overflow-wrap: anywhere; }
.dim { color: var(--dim); }
.action { display: inline-block; font: inherit; font-weight: 600; color: #fff; background: var(--accent); border: 0;
  border-radius: 6px; padding: .6rem 1.1rem; margin-top: 1rem; cursor: pointer; text-decoration: none; }
`;

/** What a page may do: be styled by our one sheet, and post to this GitHub. */
export function pagePolicy(githubUrl: string): string {
  const style = createHash('sha256').update(STYLE).digest('base64');
  return `default-src 'none'; style-src 'sha256-${style}'; form-action ${githubUrl}; base-uri 'none'; frame-ancestors 'none'`;
}

/** Shows what will be created; its one button hands the manifest to GitHub. */
export function startPage(target: AppTarget, manifest: AppManifest, state: string): Page {
  const action = `${settingsUrl(target)}/new?state=${state}`;
  return page(
    `Create the GitHub App for ${target.org}`,
    html`<p>GitHub will ask you, as an owner of <strong>${target.org}</strong>, to create this App. Nothing is created before
you agree there.</p>
<table>
<tr><th>Name</th><td>${manifest.name}<br><span class="dim">You can change it on GitHub's page.</span></td></tr>
<tr><th>On</th><td><code>${target.githubUrl}</code></td></tr>
<tr><th>Webhook</th><td><code>${target.webhookUrl}</code></td></tr>
<tr><th>Installable</th><td>by ${target.org} only</td></tr>
</table>
<h2>Permissions</h2>
<table>${APP_PERMISSIONS.map(
      ({ name, access, reason }) =>
        html`<tr><th><code>${name}</code></th><td class="level">${access}</td><td>${prose(reason)}</td></tr>`,
    )}</table>
<p class="dim">Not asked for: <code>workflows</code> (the agent must not change what CI runs) and
<code>administration</code> (your rules bind Glovebox too).</p>
<h2>Events</h2>
<table>${APP_EVENTS.map(({ name, reason }) => html`<tr><th><code>${name}</code></th><td>${prose(reason)}</td></tr>`)}</table>
<form method="post" action="${action}">
<input type="hidden" name="manifest" value="${JSON.stringify(manifest)}">
<button class="action">Continue on ${new URL(target.githubUrl).host}</button>
</form>`,
  );
}

/** The App exists and its file is written. */
export function donePage(target: AppTarget, app: { readonly slug: string; readonly id: number }): Page {
  return page(
    'The App is created',
    html`<p><strong>${app.slug}</strong> (App ${app.id}) belongs to ${target.org}. Its keys are in the environment file that the
terminal names; they are shown nowhere.</p>
<p>Next, choose the repositories that may use it.</p>
<a class="action" href="${installUrl(target, app.slug)}">Install it on ${target.org}</a>
<p class="dim">The terminal has the other steps. You can close this page.</p>`,
  );
}

/** Something was refused or failed; `message` is of ours. */
export function errorPage(title: string, message: string): Page {
  return page(title, html`<p>${message}</p>`);
}

/** Where an owner installs the App. */
export function installUrl(target: AppTarget, slug: string): string {
  return `${settingsUrl(target, slug)}/installations`;
}

/** Text whose `words` are code. */
function prose(text: string): Page[] {
  return text.split('`').map((part, index) => (index % 2 === 1 ? html`<code>${part}</code>` : html`${part}`));
}

function page(title: string, body: Page): Page {
  return html`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} - Glovebox</title><style>${raw(STYLE)}</style></head>
<body><main><h1>${title}</h1>
${body}
</main></body>
</html>
`;
}
