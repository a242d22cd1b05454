// Two servers on one database and one Redis, behind a balancer: what a host runs who runs more than one.

import { Balancer } from './balancer.ts';
import { Postgres } from './postgres.ts';
import { Redis } from './redis.ts';
import { Server } from './server.ts';

/** Guests stay who they are on whichever server they land: the key is in the database. */
export class Cluster {
  private constructor(
    readonly postgres: Postgres,
    readonly redis: Redis,
    readonly servers: readonly [Server, Server],
    readonly balancer: Balancer,
    /** Of each server, the address where it is preferred. */
    readonly doors: readonly [string, string],
  ) {}

  static async start(): Promise<Cluster> {
    const [postgres, redis] = await Promise.all([Postgres.start(), Redis.start()]);
    const flags = ['--database', postgres.url, '--redis', redis.url];
    const servers = await Promise.all([Server.start(...flags), Server.start(...flags)]);
    const balancer = await Balancer.between(...servers);
    const doors = await Promise.all([balancer.preferring(servers[0]), balancer.preferring(servers[1])]);
    return new Cluster(postgres, redis, servers, balancer, doors);
  }

  /** How many connections to boards each server has. */
  async members(): Promise<[number, number]> {
    return this.each('inkroom_members');
  }

  /** Of each server, 1 if Redis carries what it says, else 0. */
  async relays(): Promise<[number, number]> {
    return this.each('inkroom_relay_healthy');
  }

  async remove(): Promise<void> {
    this.balancer.remove();
    await Promise.all(this.servers.map((server) => server.remove()));
    await Promise.all([this.redis.remove(), this.postgres.remove()]);
  }

  private each(metric: string): Promise<[number, number]> {
    return Promise.all([this.servers[0].metric(metric), this.servers[1].metric(metric)]);
  }
}
