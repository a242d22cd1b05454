// What was called saved is there, whatever dies.

import { Cable } from '../lib/cable.ts';
import { scribble, scribbles } from '../lib/ink.ts';
import { agree } from '../lib/person.ts';
import { expect, test } from '../lib/test.ts';

test('four scribble 200 strokes and the server is killed in the middle', async ({ server, enter }) => {
  test.setTimeout(180_000);
  const people = [await enter(), await enter(), await enter(), await enter()];
  const address = await people[0]!.makeBoard(server.url);
  for (const person of people.slice(1)) await person.open(address);
  for (const person of people) await person.choose('Pen');

  const seen = { saved: 0 };
  const drawing = people.map((person, n) => scribbles(person, 50 * n, 50, seen));
  await expect.poll(() => seen.saved).toBeGreaterThan(40);
  await server.kill();
  const called = seen.saved;
  await expect(people[0]!.connection).toHaveText(/Reconnecting|Offline/);
  await server.start();
  await Promise.all(drawing);

  for (const person of people) await expect(person.connection).toHaveText(/Live/, { timeout: 30_000 });
  for (const person of people) await person.isSaved();
  await agree(people);
  for (const person of people) expect(await person.elements()).toBe(200);
  expect(await people[0]!.probe('seq')).toBeGreaterThanOrEqual(Math.max(called, 200));

  await server.kill();
  await server.start();
  const newcomer = await enter();
  await newcomer.open(address);
  await agree([newcomer, ...people]);
});

test('drawing goes on while the line is cut, also over a reload', async ({ server, enter }) => {
  const cable = await Cable.to(server.url);
  const far = await enter();
  const near = await enter();
  const address = await far.makeBoard(server.url);
  await near.open(address.replace(server.url, cable.url));
  await near.choose('Pen');
  await near.draw(scribble(1));
  await expect.poll(() => far.elements()).toBe(1);

  cable.cut();
  await expect(near.connection).toHaveText(/Reconnecting|Offline/);
  await near.draw(scribble(2));
  await near.draw(scribble(3));
  expect(await near.elements()).toBe(3);
  expect(await near.probe('pending')).toBe(2);
  expect(await near.savedSeq()).toBe(await far.probe('seq'));
  cable.mend();
  await near.isSaved();
  await expect.poll(() => far.elements()).toBe(3);

  cable.cut();
  await expect(near.connection).toHaveText(/Reconnecting|Offline/);
  await near.draw(scribble(4));
  await expect.poll(() => near.probe('pending')).toBe(1);
  cable.mend();
  near.page.on('dialog', (dialog) => dialog.accept());
  await near.page.reload();
  await near.isLive();
  await expect.poll(() => far.elements()).toBe(4);
  await agree([near, far]);
  cable.remove();
});

test('a server that is told to stop loses nothing and says so', async ({ server, enter }) => {
  const ana = await enter();
  await ana.makeBoard(server.url);
  await ana.choose('Pen');
  for (let n = 0; n < 10; n++) await ana.draw(scribble(n), { steps: 1 });
  expect(await server.stop()).toBe(0);
  await expect(ana.connection).toHaveText(/Reconnecting|Offline/);
  await server.start();
  await ana.isSaved();
  expect(await ana.elements()).toBe(10);
});
