/** Names and ports of the demo in a cluster, as its manifests, its pod and its client use them. */

/** Namespaces, as the manifests name them. */
export const NAMESPACES = { control: 'glovebox', sandbox: 'glovebox-sandbox' } as const;

/** Marks what this demo made; nothing without it is ever touched. */
export const DEMO_LABEL = 'glovebox.dev/demo';

/** The demo's own pod. `control` listens inside the pod alone and is reached by port-forward. */
export const DEMO_PORTS = { github: 8080, model: 8081, control: 9090 } as const;

/** What bot, gateway and people on the emulated GitHub call it. */
export const GITHUB_URL = `http://demo.${NAMESPACES.control}.svc:${DEMO_PORTS.github}`;
export const MODEL_URL = `http://demo.${NAMESPACES.control}.svc:${DEMO_PORTS.model}`;

/** The bot's Service, where webhooks go. */
export const BOT_URL = `http://bot.${NAMESPACES.control}.svc:3000`;
