// A load balancer as plain as they come: it knows connections and no sessions, takes the servers in turn, and goes on to
// the next where one does not answer.

import { connect, createServer, type Server as Listener, type Socket } from 'node:net';

/** What can be balanced. */
type Target = { url: string };

export class Balancer {
  private readonly listeners: Listener[] = [];
  private readonly sockets = new Set<Socket>();
  private next = 0;
  /** Where whoever comes is sent to the servers in turn. */
  url = '';

  private constructor(private readonly servers: readonly Target[]) {}

  static async between(...servers: Target[]): Promise<Balancer> {
    const balancer = new Balancer(servers);
    balancer.url = await balancer.open(() => balancer.next++);
    return balancer;
  }

  /** An address where whoever comes is sent to this server while it lives, and to the next one otherwise. */
  async preferring(server: Target): Promise<string> {
    return this.open(() => this.servers.indexOf(server));
  }

  /** An address where pages come from one server and their lines from the other. */
  async crossing(pages: Target, lines: Target): Promise<string> {
    return this.open((request) => this.servers.indexOf(request.startsWith('GET /ws/') ? lines : pages));
  }

  remove(): void {
    for (const listener of this.listeners) listener.close();
    for (const socket of this.sockets) socket.destroy();
  }

  /** `first` says by a connection's first words with which server to begin. */
  private async open(first: (request: string) => number): Promise<string> {
    const listener = createServer((near) => {
      this.hold(near);
      near.once('data', (words) => void this.join(near, words, first(words.toString('latin1'))));
    });
    this.listeners.push(listener);
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(listener.address() as { port: number }).port}`;
  }

  private async join(near: Socket, words: Buffer, first: number): Promise<void> {
    near.pause();
    for (const n of this.servers.keys()) {
      const far = await reached(this.servers[(first + n) % this.servers.length]!);
      if (!far) continue;
      this.hold(far);
      far.write(words);
      for (const [one, other] of [[near, far], [far, near]] as const) {
        one.pipe(other);
        one.on('close', () => other.destroy());
        if (one.destroyed) other.destroy();
      }
      return;
    }
    near.destroy();
  }

  /** Keeps an eye on it for as long as it is open. */
  private hold(socket: Socket): void {
    this.sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => this.sockets.delete(socket));
  }
}

/** A connection to that server, if it takes one. */
function reached(server: Target): Promise<Socket | undefined> {
  const { hostname, port } = new URL(server.url);
  return new Promise((resolve) => {
    const socket = connect(Number(port), hostname, () => resolve(socket));
    socket.once('error', () => resolve(undefined));
  });
}
