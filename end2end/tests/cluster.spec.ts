// Two servers on one database and one Redis, behind a balancer without sticky sessions; whatever of it dies.

import type { Cluster } from '../lib/cluster.ts';
import { MIDDLE, isSeenGrowing, notEmpty, scribble, scribbles, wave, type Progress } from '../lib/ink.ts';
import { agree, difference, type Person } from '../lib/person.ts';
import { expect, test } from '../lib/test.ts';

type Enter = () => Promise<Person>;

/** One person on each server, on one board; with its path. */
async function oneOnEach(cluster: Cluster, enter: Enter, mode?: 'I present'): Promise<{ ana: Person; ben: Person; path: string }> {
  const [ana, ben] = [await enter(), await enter()];
  const path = new URL(await ana.makeBoard(cluster.doors[0], mode)).pathname;
  await ben.open(cluster.doors[1] + path);
  await expect.poll(() => cluster.members()).toEqual([1, 1]);
  for (const person of [ana, ben]) await expect.poll(() => person.probe('members')).toBe(2);
  return { ana, ben, path };
}

/** More scribbles than anybody draws until it is enough. */
const MOST = 200;

const sum = (numbers: number[]): number => numbers.reduce((all, one) => all + one, 0);

/** The drawing in a page's first HTML. */
async function firstPaint(address: string): Promise<string> {
  const html = await (await fetch(address)).text();
  return /<svg class="paint"[\s\S]*?<\/svg>/.exec(html)![0];
}

/** The names on a person's list of people. */
async function names(person: Person): Promise<string[]> {
  const all = await person.page.locator('.people-list .name').allTextContents();
  return all.sort();
}

test('two people on two servers see each other draw', async ({ cluster, enter }) => {
  const { ana, ben, path } = await oneOnEach(cluster, enter);
  await expect.poll(() => names(ana)).toHaveLength(2);
  await expect.poll(async () => (await names(ana)).join()).toBe((await names(ben)).join());

  await notEmpty(ana, ben);
  for (const [author, viewer, y] of [[ana, ben, 300], [ben, ana, 480]] as const) {
    expect(await isSeenGrowing(author, viewer, wave(y))).toBe(true);
    await author.page.mouse.up();
    await author.isSaved();
  }
  await agree([ana, ben]);
  expect(await ana.elements()).toBe(3);

  const around = { x: 780, y: 180, width: 220, height: 120 };
  await ana.page.mouse.move(300, 30);
  const without = await ben.picture(around);
  await ana.page.mouse.move(800, 200);
  await ana.page.mouse.move(820, 210, { steps: 5 });
  await expect.poll(async () => difference(await ben.picture(around), without)).toBeGreaterThan(0.01);
  await ana.page.close();
  await expect.poll(async () => difference(await ben.picture(around), without)).toBe(0);
  await expect.poll(() => names(ben)).toHaveLength(1);

  // A page may come from one server and its line from the other.
  const newcomer = await enter();
  await newcomer.open((await cluster.balancer.crossing(cluster.servers[0], cluster.servers[1])) + path);
  expect(await cluster.members()).toEqual([0, 2]);
  await agree([newcomer, ben]);
});

test('the pen is passed to another server, and taken back in the middle of a stroke', async ({ cluster, enter }) => {
  const { ana: presenter, ben: viewer } = await oneOnEach(cluster, enter, 'I present');
  await expect(viewer.page.getByRole('toolbar', { name: 'Tools' })).toHaveCount(0);
  expect(await isSeenGrowing(presenter, viewer, wave(250))).toBe(true);
  await presenter.page.mouse.up();
  await presenter.isSaved();

  await viewer.button('Raise hand').click();
  await expect(viewer.page.getByText(/Your hand is up: 1st/)).toBeVisible();
  await presenter.button('People').click();
  await presenter.page.getByRole('button', { name: /Pass the pen/ }).click();
  await presenter.page.keyboard.press('Escape');
  await expect(viewer.page.getByRole('toolbar', { name: 'Tools' })).toBeVisible();

  expect(await isSeenGrowing(viewer, presenter, wave(450))).toBe(true);
  await expect.poll(() => presenter.elements()).toBe(2);
  await presenter.button('People').click();
  await presenter.page.getByRole('button', { name: /Take it back/ }).click();
  await presenter.page.keyboard.press('Escape');
  await expect(viewer.page.getByRole('toolbar', { name: 'Tools' })).toHaveCount(0);
  await viewer.page.mouse.move(700, 600, { steps: 5 });
  await viewer.page.mouse.up();

  for (const person of [presenter, viewer]) await person.isSaved();
  await agree([presenter, viewer]);
  expect(await viewer.elements()).toBe(2);
  await expect.poll(async () => difference(await presenter.picture(MIDDLE), await viewer.picture(MIDDLE))).toBeLessThan(0.001);
});

test('a server is killed while both draw, and its people go on with the other one', async ({ cluster, enter }) => {
  const { ana, ben, path } = await oneOnEach(cluster, enter);
  const said = await ana.listen();
  for (const person of [ana, ben]) await person.choose('Pen');

  const progress: Progress = { saved: 0 };
  const drawing = [ana, ben].map((person, n) => scribbles(person, MOST * n, MOST, progress));
  await expect.poll(() => progress.saved).toBeGreaterThan(10);
  await cluster.servers[0].kill();
  const called = progress.saved;
  await expect.poll(async () => (await said()).join()).toContain('Reconnecting… your drawing goes on.');
  await expect(ana.connection).toHaveText(/Live/, { timeout: 5_000 });
  expect(await cluster.servers[1].metric('inkroom_members')).toBe(2);
  await expect.poll(() => progress.saved).toBeGreaterThan(called + 10);
  progress.enough = true;
  const drawn = sum(await Promise.all(drawing));

  for (const person of [ana, ben]) await person.isSaved();
  await agree([ana, ben]);
  for (const person of [ana, ben]) expect(await person.elements()).toBe(drawn);
  expect(await ana.probe('seq')).toBeGreaterThanOrEqual(progress.saved);

  await cluster.servers[0].start();
  const [one, other] = await Promise.all(cluster.servers.map((server) => firstPaint(server.url + path)));
  expect(one!.match(/<path/g)!.length).toBeGreaterThanOrEqual(drawn);
  expect(one).toBe(other);
  const newcomer = await enter();
  await newcomer.open(cluster.doors[0] + path);
  await agree([newcomer, ben]);
  expect(await cluster.members()).toEqual([1, 2]);
});

test('without Redis both draw on and hear of it from the database, and live ink comes back by itself', async ({ cluster, enter }) => {
  const { ana, ben } = await oneOnEach(cluster, enter);
  await notEmpty(ana, ben);
  const said = [await ana.listen(), await ben.listen()];

  await cluster.redis.stop();
  for (const [n, person] of [ana, ben].entries()) {
    await person.choose('Pen');
    await scribbles(person, 5 * n, 5, { saved: 0 });
    await person.isSaved();
  }
  for (const person of [ana, ben]) await expect.poll(() => person.elements()).toBe(11);
  await expect.poll(() => cluster.relays()).toEqual([0, 0]);

  await cluster.redis.startAgain();
  await expect.poll(() => cluster.relays()).toEqual([1, 1]);
  expect(await isSeenGrowing(ana, ben, wave(360))).toBe(true);
  await ana.page.mouse.up();
  await ana.isSaved();
  await agree([ana, ben]);
  for (const words of said) expect(await words()).toEqual(['Live']);
});

test('while the database is away changes wait and ink is seen, and then they are saved', async ({ cluster, enter }) => {
  const { ana, ben, path } = await oneOnEach(cluster, enter);
  await notEmpty(ana, ben);
  await ana.isSaved();
  const saved = await ana.savedSeq();

  await cluster.postgres.stop();
  expect(await isSeenGrowing(ana, ben, wave(360))).toBe(true);
  await ana.page.mouse.up();
  await ben.choose('Pen');
  await ben.draw(scribble(1));
  for (const person of [ana, ben]) {
    await expect(person.saved).toHaveText(`Saving #${saved}`);
    await expect(person.connection).toHaveText(/\d changes? waits? to be saved; your drawing goes on\./);
    expect(await person.probe('pending')).toBeGreaterThan(0);
    expect(await person.probe('seq')).toBe(saved);
  }

  await cluster.postgres.startAgain();
  for (const person of [ana, ben]) {
    await person.isSaved();
    await expect(person.saved).toHaveText(/^Saved #\d+$/);
  }
  await agree([ana, ben]);
  const seq = await ana.savedSeq();
  expect(seq).toBeGreaterThan(saved);
  expect(await ana.elements()).toBe(3);

  // What is called saved is in the database, not in a server's memory.
  await Promise.all(cluster.servers.map((server) => server.kill()));
  await Promise.all(cluster.servers.map((server) => server.start()));
  const newcomer = await enter();
  await newcomer.open(cluster.balancer.url + path);
  expect(await newcomer.probe('seq')).toBeGreaterThanOrEqual(seq);
  await agree([newcomer, ana, ben]);
});

test('both servers are replaced one after the other, and nobody sees more than a short Reconnecting', async ({ cluster, enter }) => {
  const { ana, ben } = await oneOnEach(cluster, enter);
  const said = [await ana.listen(), await ben.listen()];
  for (const person of [ana, ben]) await person.choose('Pen');

  const progress: Progress = { saved: 0 };
  const drawing = [ana, ben].map((person, n) => scribbles(person, MOST * n, MOST, progress));
  for (const server of cluster.servers) {
    expect(await server.stop()).toBe(0);
    await server.start();
    for (const person of [ana, ben]) await expect(person.connection).toHaveText(/Live/);
  }
  progress.enough = true;
  const drawn = sum(await Promise.all(drawing));

  for (const person of [ana, ben]) await person.isSaved();
  await agree([ana, ben]);
  for (const person of [ana, ben]) expect(await person.elements()).toBe(drawn);
  const words = new Set((await Promise.all(said.map((ask) => ask()))).flat());
  expect([...words].sort()).toEqual(['Live', 'Reconnecting… your drawing goes on.']);
});
