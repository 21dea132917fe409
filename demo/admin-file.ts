/** The admin's file of the demo: one template, one model, small caps. */

/** What a run decides about it. */
export type AdminFileWants = {
  readonly template: string;
  readonly model: string;
} & (
  | { readonly isolation: 'bubblewrap' | 'none' }
  | { readonly isolation: 'pod'; readonly image: string; readonly cpu: string }
);

/** Names that repositories of all kinds use for their template are taken as they are, so that `--repo` finds its own. */
export function adminFile(want: AdminFileWants): string {
  const pod = want.isolation === 'pod' ? `, image: '${want.image}', pod: { cpu: '${want.cpu}' }` : '';
  return `# The demo's own; see glovebox.config.example.yml for every key.
templates:
  ${want.template}: { isolation: ${want.isolation}, memory: 2 GB, disk: 2 GB, processes: 256${pod} }
models:
  ${want.model}: {}
defaultModel: ${want.model}
budget:
  perTask: 2
  repository: { day: 20, month: 200 }
limits: { work: 20 min, verify: 10 min }
rateLimits: { user: 50, repository: 100 }
`;
}
