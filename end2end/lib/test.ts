// Every test gets servers of its own, and must leave no page with an error.

import { test as base, expect } from '@playwright/test';
import type { BrowserContextOptions } from '@playwright/test';

import { Cluster } from './cluster.ts';
import { Person } from './person.ts';
import { Server } from './server.ts';

type Given = { server: Server; cluster: Cluster; enter: (options?: BrowserContextOptions) => Promise<Person> };

export const test = base.extend<Given>({
  server: async ({}, use) => {
    const server = await Server.start();
    await use(server);
    await server.remove();
  },
  cluster: async ({}, use) => {
    const cluster = await Cluster.start();
    await use(cluster);
    await cluster.remove();
  },
  enter: async ({ browser }, use) => {
    const people: Person[] = [];
    await use(async (options) => {
      const person = await Person.enter(browser, options);
      people.push(person);
      return person;
    });
    const troubles = people.flatMap((person) => person.troubles);
    await Promise.all(people.map((person) => person.leave()));
    expect(troubles).toEqual([]);
  },
});

export { expect };
