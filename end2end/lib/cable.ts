// A TCP proxy that a test can cut and mend: what a network does, which a browser's "offline" switch does not.

import { connect, createServer, type Server as Listener, type Socket } from 'node:net';

export class Cable {
  private listener?: Listener;
  private readonly sockets = new Set<Socket>();
  private isCut = false;
  private refusesLines = false;
  private port = 0;

  private constructor(private readonly target: URL) {}

  static async to(url: string): Promise<Cable> {
    const cable = new Cable(new URL(url));
    cable.listener = createServer((socket) => cable.join(socket));
    await new Promise<void>((resolve) => cable.listener!.listen(0, '127.0.0.1', resolve));
    cable.port = (cable.listener.address() as { port: number }).port;
    return cable;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  /** Lets pages through, but no WebSocket: a page opens, and its line does not. */
  refuseLines(): void {
    this.refusesLines = true;
  }

  mend(): void {
    this.isCut = false;
    this.refusesLines = false;
  }

  remove(): void {
    this.cut();
    this.listener?.close();
  }

  private join(near: Socket): void {
    if (this.isCut) {
      near.destroy();
      return;
    }
    // A browser makes a connection of its own for each WebSocket, so its first words tell.
    near.once('data', (first) => {
      if (this.refusesLines && first.toString('latin1').startsWith('GET /ws/')) near.destroy();
    });
    const far = connect(Number(this.target.port), this.target.hostname);
    for (const [one, other] of [[near, far], [far, near]] as const) {
      this.sockets.add(one);
      one.pipe(other);
      one.on('error', () => other.destroy());
      one.on('close', () => {
        this.sockets.delete(one);
        other.destroy();
      });
    }
  }
}
