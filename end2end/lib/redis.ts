// A Redis of a test's own: on a free port, in a folder of its own, keeping nothing.

import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { Process, find, onFreePort, until } from './process.ts';

export class Redis {
  private readonly folder = mkdtempSync(join(tmpdir(), 'inkroom-redis-'));
  private process?: Process;
  private port = 0;

  static async start(): Promise<Redis> {
    const redis = new Redis();
    redis.port = await onFreePort((port) => redis.comesUp(port));
    return redis;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  /** Kills it: everything in it is gone. */
  async stop(): Promise<void> {
    await this.process?.end('SIGKILL');
  }

  /** Starts it again at the same place, empty. */
  async startAgain(): Promise<void> {
    if (!(await this.comesUp(this.port))) throw new Error('Redis does not start again');
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private async comesUp(port: number): Promise<boolean> {
    const args = ['--bind', '127.0.0.1', '--port', String(port), '--dir', this.folder, '--save', '', '--appendonly', 'no'];
    const started = Process.start(find('redis-server'), args, { stdio: 'ignore' });
    this.process = started;
    return until(started, () => answers(port));
  }
}

/** Whether a Redis answers there. */
function answers(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('PING\r\n'));
    const say = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.once('data', (data) => say(data.toString().startsWith('+PONG')));
    socket.once('error', () => say(false));
    socket.once('close', () => say(false));
  });
}
