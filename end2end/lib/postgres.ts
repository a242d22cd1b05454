// A Postgres of a test's own: a fresh cluster in a temporary folder, as durable as a host's is to be.

import { chownSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { Process, find, onFreePort, succeeds, unprivileged, until } from './process.ts';

const SETTINGS = ['listen_addresses=127.0.0.1', 'unix_socket_directories=', 'fsync=on', 'shared_buffers=32MB'];

export class Postgres {
  private readonly folder = mkdtempSync(join(tmpdir(), 'inkroom-postgres-'));
  /** Where its programs lie together: the one in PATH may be a link. */
  private readonly programs = dirname(realpathSync(find('postgres')));
  /** It refuses to run as root, and to be at home in a folder that is not its own. */
  private readonly user = unprivileged();
  private process?: Process;
  private port = 0;

  static async start(): Promise<Postgres> {
    const postgres = new Postgres();
    postgres.make();
    postgres.port = await onFreePort((port) => postgres.comesUp(port));
    return postgres;
  }

  get url(): string {
    return `postgres://ink@127.0.0.1:${this.port}/postgres`;
  }

  /** Stops it at once, as a crash would: what was not committed is gone. */
  async stop(): Promise<void> {
    await this.process?.end('SIGQUIT');
  }

  /** Starts it again at the same place, with what was committed. */
  async startAgain(): Promise<void> {
    if (!(await this.comesUp(this.port))) throw new Error('Postgres does not start again');
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private get data(): string {
    return join(this.folder, 'data');
  }

  private get options(): { cwd: string; uid?: number; gid?: number } {
    return { cwd: this.folder, ...this.user };
  }

  private make(): void {
    if (this.user) chownSync(this.folder, this.user.uid, this.user.gid);
    const args = ['--username=ink', '--auth=trust', '--encoding=UTF8', '--no-locale', '--no-sync', '--pgdata', this.data];
    if (!succeeds(join(this.programs, 'initdb'), args, this.options)) throw new Error('initdb failed');
  }

  private async comesUp(port: number): Promise<boolean> {
    const settings = [`port=${port}`, ...SETTINGS].flatMap((setting) => ['-c', setting]);
    const file = join(this.programs, 'postgres');
    const started = Process.start(file, ['-D', this.data, ...settings], { ...this.options, stdio: 'ignore' });
    this.process = started;
    const asks = ['--quiet', '--timeout=1', '--host=127.0.0.1', `--port=${port}`, '--username=ink', '--dbname=postgres'];
    return until(started, async () => succeeds(join(this.programs, 'pg_isready'), asks, this.options));
  }
}
