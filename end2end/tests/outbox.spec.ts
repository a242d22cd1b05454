// What is kept on this device until the server has it: how much, how long, and what becomes of damage.

import { readFileSync } from 'node:fs';

import AxeBuilder from '@axe-core/playwright';

import { Cable } from '../lib/cable.ts';
import { aside, dated, kept, numbered, plant, type Kept } from '../lib/outbox.ts';
import { agree, type Person, type Spot } from '../lib/person.ts';
import { Server } from '../lib/server.ts';
import { expect, test } from '../lib/test.ts';

const DAY_MS = 86_400_000;
/** The limits of the queue. */
const OPS = 10_000;
const SCARCE_OPS = 8_000;

const stroke = (n: number): Spot[] => [0, 1, 2].map((k) => ({ x: 200 + 90 * n + 20 * k, y: 240 + 30 * (k % 2) }));

const concern = (person: Person) => person.page.getByRole('region', { name: 'This device' });
const answer = (person: Person, name: string) => concern(person).getByRole('button', { name, exact: true }).click();

/** Draws so many strokes while the line is cut, leaves the page, and answers what it kept. */
async function leaveBehind(person: Person, server: Server, cable: Cable, strokes: number): Promise<{ address: string; records: Kept[] }> {
  const address = await person.makeBoard(cable.url);
  cable.cut();
  await expect(person.connection).toHaveText(/Reconnecting|Offline/);
  await person.choose('Pen');
  for (let n = 0; n < strokes; n++) await person.draw(stroke(n));
  await expect.poll(async () => (await kept(person.page)).length).toBe(strokes);
  cable.mend();
  // A page that is not a board's, of the same origin: from here the database can be changed in peace.
  cable.refuseLines();
  await person.page.goto(cable.url);
  expect((await kept(person.page)).length).toBe(strokes);
  return { address, records: await kept(person.page) };
}

/** Takes the complaints out that a test provokes, so that only others count. */
function forgive(person: Person, complaint: RegExp): void {
  person.troubles.splice(0, person.troubles.length, ...person.troubles.filter((trouble) => !complaint.test(trouble)));
}

/** Whether closing the page would ask first. */
const warnsBeforeUnload = (person: Person) =>
  person.page.evaluate(() => !dispatchEvent(new Event('beforeunload', { cancelable: true })));

const asValues = (records: Kept[]) => records.map(({ key, bytes }) => ({ key, value: bytes as unknown }));

test('what cannot be read is set aside, and the rest arrives', async ({ server, enter }) => {
  const cable = await Cable.to(server.url);
  const [near, far] = [await enter(), await enter()];
  const { address, records } = await leaveBehind(near, server, cable, 3);
  const [first] = records;
  const bad: { key: string; value: unknown }[] = [
    { key: numbered(first!, 4).key, value: 'text' },
    { key: numbered(first!, 5).key, value: numbered(first!, 5).bytes.slice(0, 30) },
    { key: numbered(first!, 6).key, value: Array.from({ length: 64 }, (_, n) => (n * 89 + 7) % 256) },
    { key: numbered(first!, 7).key, value: [2, ...numbered(first!, 7).bytes.slice(1)] },
    { key: numbered(first!, 8).key, value: 1e15 },
    { key: numbered(first!, 9).key, value: null },
    { key: numbered(first!, 10).key, value: { of: 'a later version' } },
    { key: `${first!.key.split('/')[0]}/nobody`, value: first!.bytes },
  ];
  await plant(near.page, bad);

  cable.mend();
  await near.open(address);
  await expect(concern(near)).toContainText('8 changes on this device cannot be read');
  await near.isSaved();
  await far.open(address.replace(cable.url, server.url));
  await agree([near, far]);
  expect(await far.elements()).toBe(3);

  const left = await aside(near.page);
  expect(new Map(left.map(({ key, value }) => [key, value]))).toEqual(new Map(bad.map(({ key, value }) => [key, value])));
  expect(await kept(near.page)).toEqual([]);
  const saving = near.page.waitForEvent('download');
  await answer(near, 'Download a copy');
  const [keys, values] = JSON.parse(readFileSync(await (await saving).path(), 'utf8')) as [[string, number][], unknown[]];
  expect(keys.map(([key]) => key)).toEqual(left.map(({ key }) => key));
  expect(Object.values(values[keys.findIndex(([key]) => key === bad[1]!.key)] as object)).toEqual(bad[1]!.value);
  await answer(near, 'OK');
  await expect(concern(near)).toBeHidden();

  await near.open(address);
  await expect(concern(near)).toBeHidden();
  expect((await aside(near.page)).length).toBe(bad.length);
  cable.remove();
});

test('a hole in the queue does not keep the rest back', async ({ server, enter }) => {
  const cable = await Cable.to(server.url);
  const [near, far] = [await enter(), await enter()];
  const { address, records } = await leaveBehind(near, server, cable, 3);
  await plant(near.page, [{ key: records[1]!.key, value: records[1]!.bytes.slice(0, 40) }]);
  cable.mend();
  await near.open(address);
  await expect(concern(near)).toContainText('1 change on this device cannot be read');
  await near.isSaved();
  await far.open(address.replace(cable.url, server.url));
  expect(await far.elements()).toBe(2);
  expect((await aside(near.page)).map(({ key }) => key)).toEqual([records[1]!.key]);
  cable.remove();
});

test('what waited for a month in an open tab is asked about as well', async ({ server, enter }) => {
  const cable = await Cable.to(server.url);
  const near = await enter();
  await near.makeBoard(cable.url);
  cable.cut();
  await expect(near.connection).toHaveText(/Reconnecting|Offline/);
  await near.choose('Pen');
  for (let n = 0; n < 3; n++) await near.draw(stroke(n));
  await expect.poll(async () => (await kept(near.page)).length).toBe(3);
  expect(await near.elements()).toBe(3);

  await near.page.clock.setFixedTime(Date.now() + 31 * DAY_MS);
  cable.mend();
  await expect(concern(near)).toContainText('3 old changes on this device');
  await expect(near.connection).toHaveText(/Live/);
  expect([await near.elements(), await near.probe('seq'), (await kept(near.page)).length]).toEqual([0, 0, 3]);
  await near.draw(stroke(5));
  await near.isSaved();
  expect(await near.probe('seq')).toBe(1);

  await answer(near, 'Send them');
  await near.isSaved();
  expect([await near.elements(), await near.probe('seq')]).toEqual([4, 4]);
  await expect.poll(async () => (await kept(near.page)).length).toBe(0);
  cable.remove();
});

test('old changes are sent only when their person says so, once', async ({ server, enter }) => {
  const cable = await Cable.to(server.url);
  const [near, far] = [await enter(), await enter()];
  const { address, records } = await leaveBehind(near, server, cable, 3);
  const old = Date.now() - 31 * DAY_MS;
  await plant(near.page, asValues([dated(records[0]!, old), ...records.slice(1)]));

  cable.mend();
  await near.open(address);
  await far.open(address.replace(cable.url, server.url));
  await expect(concern(near)).toContainText('3 old changes on this device');
  expect(await near.elements()).toBe(0);
  expect((await kept(near.page)).length).toBe(3);

  const saving = near.page.waitForEvent('download');
  await answer(near, 'Download a copy');
  const file = readFileSync(await (await saving).path(), 'utf8');
  expect(file).toContain('<svg');
  expect(file.match(/<path/g)?.length).toBe(3);

  await answer(near, 'Not now');
  await expect(concern(near)).toBeHidden();
  await near.choose('Pen');
  await near.draw(stroke(5));
  await near.isSaved();
  await near.open(address);
  await expect(concern(near)).toContainText('3 old changes');
  expect(await far.elements()).toBe(1);

  await answer(near, 'Send them');
  await expect(concern(near)).toBeHidden();
  await near.isSaved();
  await expect.poll(() => far.elements()).toBe(4);
  await agree([near, far]);
  await expect.poll(async () => (await kept(near.page)).length).toBe(0);

  // What the server had already keeps its identity, so that it is known again: nothing is done twice.
  const seq = await near.probe('seq');
  cable.refuseLines();
  await near.page.goto(cable.url);
  await plant(near.page, asValues(records.map((record) => dated(record, old))));
  cable.mend();
  await near.open(address);
  await answer(near, 'Send them');
  await near.isSaved();
  await expect.poll(async () => (await kept(near.page)).length).toBe(0);
  expect(await near.probe('seq')).toBe(seq);
  cable.remove();
});

test('old changes are deleted only when their person says so twice', async ({ server, enter }) => {
  const cable = await Cable.to(server.url);
  const near = await enter();
  const { address, records } = await leaveBehind(near, server, cable, 2);
  await plant(near.page, asValues(records.map((record) => dated(record, Date.now() - 40 * DAY_MS))));
  cable.mend();
  await near.open(address);
  await answer(near, 'Delete…');
  await expect(concern(near)).toContainText('Delete 2 changes?');
  for (const colorScheme of ['light', 'dark'] as const) {
    await near.page.emulateMedia({ colorScheme });
    expect((await new AxeBuilder({ page: near.page }).analyze()).violations).toEqual([]);
  }
  await answer(near, 'Keep them');
  expect((await kept(near.page)).length).toBe(2);
  await answer(near, 'Delete…');
  await answer(near, 'Delete for good');
  await expect(concern(near)).toBeHidden();
  await expect.poll(async () => (await kept(near.page)).length).toBe(0);
  expect(await near.elements()).toBe(0);
  cable.remove();
});

test('a full device asks, and goes on as its person says', async ({ enter }) => {
  test.setTimeout(240_000);
  // So much at once would take minutes at the rate of a hand.
  const server = await Server.start('--ops-per-second', '100000', '--ops-burst', '100000');
  const cable = await Cable.to(server.url);
  const [near, far] = [await enter(), await enter()];
  const { address, records } = await leaveBehind(near, server, cable, 1);
  const fill = (from: number, to: number) =>
    plant(near.page, asValues(Array.from({ length: to - from + 1 }, (_, n) => numbered(records[0]!, from + n))));
  const openWithoutLine = async () => {
    await near.page.goto(`${address}?probe`);
    await near.page.waitForFunction(() => 'inkroom' in window);
  };

  await fill(2, SCARCE_OPS - 1);
  await openWithoutLine();
  await expect.poll(() => near.probe('pending')).toBe(SCARCE_OPS - 1);
  await near.choose('Pen');
  await near.draw(stroke(1));
  await expect(near.page.getByRole('status', { name: 'Notice' })).toContainText('little room left');
  await expect(concern(near)).toBeHidden();
  await expect.poll(async () => (await kept(near.page)).length).toBe(SCARCE_OPS);

  await near.page.goto(cable.url);
  await fill(SCARCE_OPS, OPS - 2);
  await openWithoutLine();
  await expect.poll(() => near.probe('pending')).toBe(OPS - 1);
  await near.choose('Pen');
  await near.draw(stroke(2));
  await expect(concern(near)).toContainText(`${OPS} changes wait here`);
  await expect(near.connection).toHaveText(/Reconnecting…|Connecting…|Drawing waits/i);
  expect(await near.elements()).toBe(3);

  await answer(near, 'Wait');
  await expect(concern(near)).toBeHidden();
  await near.draw(stroke(3));
  expect(await near.elements()).toBe(3);
  await expect(concern(near)).toBeVisible();

  await answer(near, 'Draw on without saving here');
  await expect(concern(near)).toBeHidden();
  await near.draw(stroke(3));
  expect(await near.elements()).toBe(4);
  expect((await kept(near.page)).length).toBe(OPS);
  expect(await warnsBeforeUnload(near)).toBe(true);

  cable.mend();
  await near.isLive();
  await expect.poll(() => near.probe('pending'), { timeout: 120_000 }).toBe(0);
  await far.open(address.replace(cable.url, server.url));
  await agree([near, far]);
  expect(await far.elements()).toBe(4);
  await expect.poll(async () => (await kept(near.page)).length).toBe(0);
  cable.remove();
  await server.remove();
});

type Trouble = { make: (person: Person) => Promise<unknown>; tells: boolean };

const WITHOUT_DATABASE: Record<string, Trouble> = {
  missing: {
    make: (person) => person.context.addInitScript(() => Object.defineProperty(window, 'indexedDB', { value: undefined })),
    tells: true,
  },
  'of a newer version': {
    make: (person) =>
      person.page.evaluate(
        () =>
          new Promise((resolve) => {
            const request = indexedDB.open('inkroom', 2);
            request.onsuccess = () => resolve(request.result.close());
          }),
      ),
    tells: true,
  },
  'without its stores': {
    make: (person) =>
      person.page.evaluate(
        () =>
          new Promise((resolve) => {
            const request = indexedDB.open('inkroom', 1);
            request.onsuccess = () => resolve(request.result.close());
          }),
      ),
    tells: true,
  },
  full: {
    make: (person) =>
      person.context.addInitScript(() => {
        IDBObjectStore.prototype.put = () => {
          throw new DOMException('full', 'QuotaExceededError');
        };
      }),
    tells: true,
  },
  // Somebody stands in its way; it may still come.
  silent: {
    make: (person) =>
      person.context.addInitScript(() => {
        IDBFactory.prototype.open = () => new EventTarget() as IDBOpenDBRequest;
      }),
    tells: false,
  },
};

for (const [state, { make, tells }] of Object.entries(WITHOUT_DATABASE)) {
  test(`where the database is ${state}, the page says so and goes on`, async ({ server, enter }) => {
    const cable = await Cable.to(server.url);
    const [near, far] = [await enter(), await enter()];
    await near.page.goto(cable.url);
    await make(near);
    const address = await near.makeBoard(cable.url);
    await far.open(address.replace(cable.url, server.url));
    cable.cut();
    await expect(near.connection).toHaveText(/Reconnecting|Offline/);
    await near.choose('Pen');
    await near.draw(stroke(1));
    await expect(near.connection).toHaveText(/keep this tab open/i);
    expect(await warnsBeforeUnload(near)).toBe(true);
    if (tells) {
      await expect(concern(near)).toContainText('This browser keeps no changes now');
      await answer(near, 'OK');
    }
    await expect(concern(near)).toBeHidden();
    await near.draw(stroke(2));
    cable.mend();
    await near.isSaved();
    await expect.poll(() => far.elements()).toBe(2);
    await agree([near, far]);
    forgive(near, /keeping changes on this device|forgetting saved changes/);
    cable.remove();
  });
}

test('what could not be kept is kept once there is room again', async ({ server, enter }) => {
  const cable = await Cable.to(server.url);
  const near = await enter();
  await near.context.addInitScript(() => {
    const put = IDBObjectStore.prototype.put;
    IDBObjectStore.prototype.put = function (...given) {
      if ('isFull' in window) throw new DOMException('full', 'QuotaExceededError');
      return put.apply(this, given);
    };
  });
  await near.makeBoard(cable.url);
  cable.cut();
  await expect(near.connection).toHaveText(/Reconnecting|Offline/);
  await near.choose('Pen');
  await near.page.evaluate(() => Object.assign(window, { isFull: true }));
  await near.draw(stroke(1));
  await near.draw(stroke(2));
  await expect(concern(near)).toBeVisible();
  expect(await kept(near.page)).toEqual([]);
  await near.page.evaluate(() => Reflect.deleteProperty(window, 'isFull'));
  await near.draw(stroke(3));
  await expect.poll(async () => (await kept(near.page)).length).toBe(3);
  await expect(concern(near)).toBeHidden();
  expect(await warnsBeforeUnload(near)).toBe(false);
  forgive(near, /keeping changes on this device/);
  cable.remove();
});

test('the browser is asked to keep this device’s data when there is something to keep, and may refuse', async ({ server, enter }) => {
  const ana = await enter();
  await ana.context.addInitScript(() => {
    Object.assign(window, { asked: 0 });
    StorageManager.prototype.persist = () => {
      (window as unknown as { asked: number }).asked += 1;
      return Promise.reject(new Error('no'));
    };
  });
  const asked = () => ana.page.evaluate(() => (window as unknown as { asked: number }).asked);
  await ana.makeBoard(server.url);
  expect(await asked()).toBe(0);
  await ana.choose('Pen');
  await ana.draw(stroke(1));
  await ana.draw(stroke(2));
  await ana.isSaved();
  expect(await asked()).toBe(1);
});
