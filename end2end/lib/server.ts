// A real server process in a folder of its own, which a test may kill and start again on the same port.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { Process } from './process.ts';

const BIN = process.env.INKROOM_BIN ?? '../target/debug/inkroom';
const STARTS_WITHIN_MS = 20_000;

export class Server {
  private process?: Process;
  private port = 0;
  private readonly data = mkdtempSync(join(tmpdir(), 'inkroom-end2end-'));
  /** What it printed, for those who ask why. */
  readonly log: string[] = [];

  constructor(private readonly flags: string[] = []) {}

  static async start(...flags: string[]): Promise<Server> {
    const server = new Server(flags);
    await server.start();
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** Starts it, on the port it had before if it had one. */
  async start(): Promise<void> {
    const listen = `127.0.0.1:${this.port}`;
    const args = ['serve', '--listen', listen, '--data', this.data, ...this.flags];
    this.process = Process.start(BIN, args, { stdio: ['ignore', 'pipe', 'pipe'] });
    const { child } = this.process;
    createInterface({ input: child.stderr! }).on('line', (line) => this.log.push(line));
    const lines = createInterface({ input: child.stdout! });
    this.port = await new Promise<number>((resolve, reject) => {
      const late = setTimeout(() => reject(new Error('the server did not start')), STARTS_WITHIN_MS);
      lines.on('line', (line) => {
        this.log.push(line);
        const ready = /^listening on http:\/\/127\.0\.0\.1:(\d+)$/.exec(line);
        if (ready) {
          clearTimeout(late);
          resolve(Number(ready[1]));
        }
      });
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}\n${this.log.join('\n')}`)));
    });
  }

  /** One of the numbers that it tells Prometheus. */
  async metric(name: string): Promise<number> {
    const metrics = await (await fetch(`${this.url}/metrics`)).text();
    return Number(new RegExp(`^${name} (.+)$`, 'm').exec(metrics)?.[1]);
  }

  /** As a power switch would. */
  async kill(): Promise<void> {
    await this.process?.end('SIGKILL');
  }

  /** As a host would; answers the exit code. */
  async stop(): Promise<number | null | undefined> {
    return this.process?.end('SIGTERM');
  }

  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.data, { recursive: true, force: true });
  }
}
