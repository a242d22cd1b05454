// Programs that tests start: found where distributions put them, and ended by whoever started them.

import { spawn, spawnSync, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { delimiter, join } from 'node:path';

const POSTGRES = '/usr/lib/postgresql';
/** A program that is not there after so long does not come any more. */
const STARTS_WITHIN_MS = 30_000;

/** What is to end with the tests, whatever becomes of them. */
const running = new Set<ChildProcess>();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** A running program, or one that ended. */
export class Process {
  private constructor(readonly child: ChildProcess) {}

  static start(file: string, args: string[], options: SpawnOptions): Process {
    const child = spawn(file, args, options);
    running.add(child);
    child.once('exit', () => running.delete(child));
    return new Process(child);
  }

  get isRunning(): boolean {
    return this.child.exitCode === null && this.child.signalCode === null;
  }

  /** Sends the signal and waits for the end; answers the exit code. */
  async end(signal: NodeJS.Signals): Promise<number | null> {
    if (!this.isRunning) return this.child.exitCode;
    const ended = new Promise<number | null>((resolve) => this.child.once('exit', resolve));
    this.child.kill(signal);
    return ended;
  }
}

/** Starts anew on free ports until it comes up: somebody else may take a port first. */
export async function onFreePort(comesUp: (port: number) => Promise<boolean>): Promise<number> {
  for (let tries = 0; tries < 5; tries++) {
    const port = await freePort();
    if (await comesUp(port)) return port;
  }
  throw new Error('a program does not start');
}

/** Waits until the program does what it is for; answers whether it did, or ended or was late instead. */
export async function until(program: Process, isReady: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + STARTS_WITHIN_MS;
  while (program.isRunning && Date.now() < deadline) {
    if (await isReady()) return program.isRunning;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  await program.end('SIGKILL');
  return false;
}

async function freePort(): Promise<number> {
  const listener = createServer();
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const { port } = listener.address() as { port: number };
  await new Promise((resolve) => listener.close(resolve));
  return port;
}

/** The file of a program: in PATH, or where Debian keeps Postgres, newest first. */
export function find(program: string): string {
  const versions = existsSync(POSTGRES) ? readdirSync(POSTGRES).sort((a, b) => Number(b) - Number(a)) : [];
  const folders = [...(process.env.PATH ?? '').split(delimiter), ...versions.map((version) => join(POSTGRES, version, 'bin'))];
  const file = folders.map((folder) => join(folder, program)).find((candidate) => existsSync(candidate));
  if (!file) throw new Error(`${program} is missing: \`cargo xtask test\` installs it, or says how`);
  return file;
}

/** Whom to run as instead of root, for programs that refuse to be root: Postgres' own user, or nobody. */
export function unprivileged(): { uid: number; gid: number } | undefined {
  if (process.getuid?.() !== 0) return undefined;
  const users = readFileSync('/etc/passwd', 'utf8').split('\n').map((line) => line.split(':'));
  const user = users.find(([name]) => name === 'postgres') ?? users.find(([name]) => name === 'nobody');
  return { uid: Number(user?.[2]), gid: Number(user?.[3]) };
}

/** Runs a program to its end; answers whether it went well. */
export function succeeds(file: string, args: string[], options: { uid?: number; gid?: number; cwd?: string }): boolean {
  return spawnSync(file, args, { ...options, stdio: 'ignore' }).status === 0;
}
