/** The bundle's first line of code: runs `main` and leaves with its exit code. */
import { main } from './main.ts';

process.exitCode = await main(process.argv.slice(2), process.env);
// Connections of ours may linger; the phase is over.
process.exit();
