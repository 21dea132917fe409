/** A process under measurement: started with its role, told to report its address, asked for the CPU time it has used. */
import { type ChildProcess, fork } from 'node:child_process';
import { z } from 'zod';

/** It ends when `stop` is called, or with us. */
export interface Child {
  readonly url: string;
  /** What its callers must show; a word without meaning where it asks for nothing. */
  readonly token: string;
  /** User and system time since its start. */
  cpuMs(): Promise<number>;
  stop(): void;
}

const Started = z.object({ port: z.int(), token: z.string() });
const Cpu = z.object({ cpu: z.object({ user: z.number(), system: z.number() }) });

/** Starts `file` (beside this one) with arguments. Rejects when it ends before it listens. */
export async function startChild(file: string, args: readonly string[]): Promise<Child> {
  const child = fork(new URL(file, import.meta.url), args);
  const { port, token } = Started.parse(await nextMessage(child));
  return {
    url: `http://127.0.0.1:${port}`,
    token,
    cpuMs: async () => {
      child.send('cpu');
      const { cpu } = Cpu.parse(await nextMessage(child));
      return (cpu.user + cpu.system) / 1_000;
    },
    stop: () => child.disconnect(),
  };
}

function nextMessage(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const ended = (code: number | null) => reject(new Error(`A process of the bench ended with ${code}.`));
    child.once('exit', ended);
    child.once('message', (message) => {
      child.off('exit', ended);
      resolve(message);
    });
  });
}
