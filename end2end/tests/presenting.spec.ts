// One draws, the others watch.

import { MIDDLE } from '../lib/ink.ts';
import { agree, difference, inked } from '../lib/person.ts';
import { expect, test } from '../lib/test.ts';

const LINE = [
  { x: 200, y: 300 },
  { x: 420, y: 360 },
];

test('a presenter and three viewers', async ({ server, enter }) => {
  const presenter = await enter();
  const address = await presenter.makeBoard(server.url, 'I present', 'Lesson');
  const viewers = [await enter(), await enter(), await enter()];
  for (const viewer of viewers) await viewer.open(address);

  for (const viewer of viewers) {
    await expect(viewer.page.getByRole('toolbar', { name: 'Tools' })).toHaveCount(0);
    for (const tool of ['Pen', 'Eraser', 'Undo', 'Clear board']) await expect(viewer.button(tool)).toHaveCount(0);
  }

  await presenter.choose('Pen');
  await presenter.draw(LINE, { lift: false, steps: 12 });
  for (const viewer of viewers) {
    await expect.poll(async () => inked(await viewer.picture(MIDDLE))).toBeGreaterThan(200);
  }
  await presenter.page.mouse.up();
  await presenter.isSaved();

  const [first] = viewers;
  await first!.page.keyboard.press('p');
  await first!.draw(LINE.map(({ x, y }) => ({ x, y: y + 100 })));
  await agree([presenter, ...viewers]);
  expect(await first!.elements()).toBe(1);
});

test('a hand-made socket gets a viewer no further', async ({ server, enter }) => {
  const presenter = await enter();
  const address = await presenter.makeBoard(server.url, 'I present');
  const viewer = await enter();
  await viewer.open(address);
  const answers = await viewer.page.evaluate(async (url) => {
    const client = '7'.repeat(25) + 'r';
    const line = { kind: 'Line', style: { colour: { Named: 'Red' }, width: 256 }, from: { x: 0, y: 0 }, to: { x: 9000, y: 9000 } };
    const id = '7'.repeat(12) + '6';
    const socket = new WebSocket(url.replace(/^http/, 'ws').replace('/b/', '/ws/'), 'inkroom.2.json');
    const heard: unknown[] = [];
    await new Promise<void>((resolve) => {
      socket.onopen = () => {
        socket.send(JSON.stringify({ Hello: { client, resume: null } }));
        socket.send(JSON.stringify({ Ink: { Shape: { id, shape: line } } }));
        socket.send(JSON.stringify({ Ops: { client, ops: [{ n: 1, op: { Add: { id, element: { Shape: line } } } }] } }));
        socket.send(JSON.stringify({ Ping: 7 }));
      };
      socket.onmessage = ({ data }) => {
        heard.push(JSON.parse(data));
        if ('Pong' in JSON.parse(data)) resolve();
      };
      socket.onclose = () => resolve();
    });
    socket.close();
    return heard;
  }, address);
  const nack = answers.find((answer): answer is { Nack: { reason: string } } => 'Nack' in (answer as object));
  expect(nack?.Nack.reason).toBe('Forbidden');
  expect(answers.some((answer) => 'Pong' in (answer as object))).toBe(true);
  for (const person of [presenter, viewer]) expect(await person.elements()).toBe(0);
  expect(await presenter.probe('seq')).toBe(0);
});

test('the pen is passed, and taken back in the middle of a stroke', async ({ server, enter }) => {
  const presenter = await enter();
  const address = await presenter.makeBoard(server.url, 'I present');
  const viewer = await enter();
  const other = await enter();
  for (const person of [viewer, other]) await person.open(address);

  await viewer.button('Raise hand').click();
  await expect(viewer.page.getByText(/Your hand is up: 1st/)).toBeVisible();
  await presenter.button('People').click();
  await presenter.page.getByRole('button', { name: /Pass the pen/ }).first().click();
  await presenter.page.keyboard.press('Escape');
  await expect(viewer.page.getByRole('toolbar', { name: 'Tools' })).toBeVisible();
  await expect(other.page.getByRole('toolbar', { name: 'Tools' })).toHaveCount(0);

  await viewer.choose('Pen');
  await viewer.draw(LINE, { lift: false, steps: 12 });
  // A stroke that takes longer than a second is stored while it is drawn.
  await expect(async () => {
    await viewer.page.mouse.move(440, 380);
    await viewer.page.mouse.move(420, 360);
    expect(await other.elements()).toBe(1);
  }).toPass();

  await presenter.button('People').click();
  await presenter.page.getByRole('button', { name: /Take it back/ }).first().click();
  await presenter.page.keyboard.press('Escape');
  await expect(viewer.page.getByRole('toolbar', { name: 'Tools' })).toHaveCount(0);
  await viewer.page.mouse.move(700, 500, { steps: 5 });
  await viewer.page.mouse.up();

  for (const person of [presenter, viewer, other]) await person.isSaved();
  await agree([presenter, viewer, other]);
  expect(await presenter.elements()).toBe(1);
  await presenter.page.mouse.move(640, 20);
  const newcomer = await enter();
  await newcomer.open(address);
  await agree([newcomer, presenter]);
  expect(inked(await newcomer.picture(MIDDLE))).toBeGreaterThan(100);
  // The newcomer's camera fits the drawing into the window; the others' are where they were.
  await expect(async () => {
    const [first, ...others] = await Promise.all([presenter, viewer, other].map((person) => person.picture(MIDDLE)));
    expect(inked(first!)).toBeGreaterThan(100);
    for (const picture of others) expect(difference(picture, first!)).toBeLessThan(0.001);
  }).toPass({ timeout: 20_000 });
});

test('everyone draws, until the owner decides otherwise', async ({ server, enter }) => {
  const owner = await enter();
  const guest = await enter();
  const address = await owner.makeBoard(server.url);
  await guest.open(address);
  await expect(guest.page.getByRole('toolbar', { name: 'Tools' })).toBeVisible();
  await owner.button('People').click();
  await owner.button('I present').click();
  await expect(guest.page.getByRole('toolbar', { name: 'Tools' })).toHaveCount(0);
  await owner.button('Everyone draws').click();
  await expect(guest.page.getByRole('toolbar', { name: 'Tools' })).toBeVisible();
});
