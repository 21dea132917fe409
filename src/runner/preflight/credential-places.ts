/**
 * The one list of places where the preflight looks for something like a credential, and what it takes for one. Names and
 * contents are tested, never reported: a finding names the place alone. docs/security.md links here.
 */

/** Names of environment variables that hold credentials by convention; an empty value does not count. */
export const CREDENTIAL_NAMES: readonly RegExp[] = [
  /(^|_)(TOKEN|SECRET|SECRETS|PASSWORD|PASSWD|PASSPHRASE|APIKEY|CREDENTIAL|CREDENTIALS|PAT)(_|$)/i,
  /(^|_)(API|ACCESS|PRIVATE|SECRET|SIGNING|ENCRYPTION|SSH|GPG|DEPLOY|ACCOUNT)_?KEY(_|$)/i,
  /^(SSH_AUTH_SOCK|KUBECONFIG|DATABASE_URL|PGPASSFILE|NETRC|VAULT_ADDR|DOCKER_HOST|DOCKER_CONFIG)$/,
  /^(GIT_ASKPASS|SSH_ASKPASS|AWS_PROFILE|AWS_WEB_IDENTITY_TOKEN_FILE|BOTO_CONFIG|CLOUDSDK_CONFIG)$/,
];

/** What a cluster tells every pod; ours are started with empty values. Looked at where a fence is promised. */
export const CLUSTER_NAMES: readonly RegExp[] = [/^KUBERNETES_/, /_(SERVICE_HOST|SERVICE_PORT)$/];

/** Values that are credentials whatever their name (vendors' own prefixes, key blocks, tokens that we issue). */
export const CREDENTIAL_VALUES: readonly RegExp[] = [
  /\bgbx_[0-9A-Za-z_-]{43}[0-9a-f]{8}/,
  /\b(gh[pousr]_[0-9A-Za-z]{20,}|github_pat_[0-9A-Za-z_]{20,}|glpat-[0-9A-Za-z_-]{16,})/,
  /\b(sk-ant-[0-9A-Za-z_-]{16,}|sk-[0-9A-Za-z_-]{32,}|npm_[0-9A-Za-z]{30,}|pypi-[0-9A-Za-z_-]{30,})/,
  /\b(A(KIA|SIA)[0-9A-Z]{16}|AIza[0-9A-Za-z_-]{30,}|xox[abprs]-[0-9A-Za-z-]{10,}|hv[sb]\.[0-9A-Za-z_-]{20,})/,
  /-----BEGIN [A-Z ]*PRIVATE KEY-----/,
  /\beyJ[0-9A-Za-z_-]{8,}\.eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{8,}/,
  /\b[a-z][a-z0-9+.-]*:\/\/[^\s/:@]*:[^\s/@]+@/i,
];

/** A file that is a credential by being there (`any`), or by a line in it. */
export interface CredentialFile {
  readonly path: string;
  readonly holds: 'any' | RegExp;
}

/** Files under a home folder. A name that ends in `/` is a folder, each of whose files counts. */
export const HOME_FILES: readonly CredentialFile[] = [
  { path: '.ssh/', holds: /PRIVATE KEY/ },
  { path: '.netrc', holds: 'any' },
  { path: '.git-credentials', holds: 'any' },
  { path: '.gitconfig', holds: /^\s*(extraheader|password|oauth)/im },
  { path: '.config/git/credentials', holds: 'any' },
  { path: '.config/gh/hosts.yml', holds: 'any' },
  { path: '.config/hub', holds: 'any' },
  { path: '.aws/credentials', holds: 'any' },
  { path: '.aws/sso/cache/', holds: 'any' },
  { path: '.azure/', holds: /token|secret/i },
  { path: '.config/gcloud/', holds: /token|private_key/i },
  { path: '.kube/config', holds: 'any' },
  { path: '.docker/config.json', holds: /"(auth|identitytoken|credsStore|credHelpers)"/ },
  { path: '.config/containers/auth.json', holds: 'any' },
  { path: '.npmrc', holds: /_(auth|authToken|password)\s*=/ },
  { path: '.yarnrc.yml', holds: /npmAuth/ },
  { path: '.pypirc', holds: 'any' },
  { path: '.config/pip/pip.conf', holds: /:\/\/[^\s/:@]*:[^\s/@]+@/ },
  { path: '.cargo/credentials', holds: 'any' },
  { path: '.cargo/credentials.toml', holds: 'any' },
  { path: '.m2/settings.xml', holds: /<(password|privateKey)>/ },
  { path: '.gradle/gradle.properties', holds: /(password|token|secret)\S*\s*=/i },
  { path: '.gem/credentials', holds: 'any' },
  { path: '.composer/auth.json', holds: 'any' },
  { path: '.pgpass', holds: 'any' },
  { path: '.vault-token', holds: 'any' },
  { path: '.terraform.d/credentials.tfrc.json', holds: 'any' },
  { path: '.claude/.credentials.json', holds: 'any' },
  { path: '.codex/auth.json', holds: 'any' },
  { path: '.gnupg/private-keys-v1.d/', holds: 'any' },
];

/** Files and folders of a machine, looked at where a fence is promised; without one the machine is visible anyway. */
export const MACHINE_FILES: readonly CredentialFile[] = [
  { path: '/var/run/secrets/', holds: 'any' },
  { path: '/run/secrets/', holds: 'any' },
  { path: '/etc/kubernetes/', holds: 'any' },
  { path: '/var/lib/kubelet/', holds: 'any' },
  { path: '/etc/ssh/', holds: /PRIVATE KEY/ },
  { path: '/etc/shadow', holds: /:\$[0-9a-z]+\$/ },
  { path: '/etc/rancher/', holds: 'any' },
  { path: '/var/lib/cloud/instance/', holds: 'any' },
];

/** Sockets that command the machine. */
export const MACHINE_SOCKETS: readonly string[] = [
  '/run/docker.sock',
  '/run/podman/podman.sock',
  '/run/containerd/containerd.sock',
  '/run/crio/crio.sock',
  '/run/dbus/system_bus_socket',
  '/run/systemd/private',
  '/tmp/.X11-unix/X0',
];

/** Mount points whose presence means that something of the machine or the cluster was let in. */
export const MACHINE_MOUNTS: readonly RegExp[] = [
  /^\/(var\/)?run\/secrets(\/|$)/,
  /\/kubernetes\.io\/serviceaccount$/,
  /\.sock$/,
  /^\/(host|rootfs|mnt\/host)(\/|$)/,
];

/** In a pod, mounts that every container has; whatever else is mounted must be one of the layout's folders. */
export const CONTAINER_MOUNTS: readonly RegExp[] = [
  /^\/$/,
  /^\/(proc|sys|dev)(\/|$)/,
  /^\/etc\/(hosts|hostname|resolv\.conf)$/,
  /^\/run\/\.containerenv$/,
];
