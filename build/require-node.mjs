// Stops with one clear sentence when the running Node is older than 24: native type stripping needs it. npm installs
// Node 24 as the package `node`; with install scripts skipped, npm scripts would silently run on the system's Node.
const [major] = process.versions.node.split('.');
if (Number(major) < 24) {
  console.error(
    `Refused: Node ${process.versions.node} is running, 24 or newer is needed; run 'npm ci' with install scripts allowed (the package 'node' brings Node 24), then run again.`,
  );
  process.exit(2);
}
