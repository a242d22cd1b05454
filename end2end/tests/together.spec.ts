// Two people on one board.

import { MIDDLE, isSeenGrowing, notEmpty, wave } from '../lib/ink.ts';
import { Person, agree, difference, inked } from '../lib/person.ts';
import { expect, test } from '../lib/test.ts';

test('a slow stroke is seen growing, and is the same in the end', async ({ server, enter }) => {
  const ana = await enter();
  const ben = await enter();
  await ben.open(await ana.makeBoard(server.url));
  await ana.choose('Pen');
  await notEmpty(ana, ben);
  expect(await isSeenGrowing(ana, ben, wave(360))).toBe(true);
  await ana.page.mouse.up();

  await ana.isSaved();
  await expect.poll(() => ben.elements()).toBe(2);
  await agree([ana, ben]);
  expect(await ana.savedSeq()).toBe(await ana.probe('seq'));
});

test('cursors are seen with their names and are forgotten with their person', async ({ server, enter }) => {
  const ana = await enter();
  const ben = await enter();
  await ben.open(await ana.makeBoard(server.url));
  await expect.poll(() => ana.probe('members')).toBe(2);
  await notEmpty(ana, ben);
  const around = { x: 480, y: 280, width: 220, height: 120 };
  const without = await ben.picture(around);
  await ana.page.mouse.move(500, 300);
  await ana.page.mouse.move(520, 310, { steps: 5 });
  await expect.poll(async () => difference(await ben.picture(around), without)).toBeGreaterThan(0.01);
  await ana.page.close();
  await expect.poll(async () => difference(await ben.picture(around), without)).toBe(0);
});

test('undo takes back only one’s own', async ({ server, enter }) => {
  const ana = await enter();
  const ben = await enter();
  await ben.open(await ana.makeBoard(server.url));
  for (const person of [ana, ben]) await person.choose('Pen');
  await ana.draw(wave(250));
  await ben.draw(wave(350));
  await ana.draw(wave(450));
  for (const person of [ana, ben]) await expect.poll(() => person.elements()).toBe(3);

  await ben.button('Undo').click();
  for (const person of [ana, ben]) await expect.poll(() => person.elements()).toBe(2);
  await expect(ben.button('Undo')).toBeDisabled();
  await ana.page.keyboard.press('Control+z');
  await ana.page.keyboard.press('Control+z');
  for (const person of [ana, ben]) await expect.poll(() => person.elements()).toBe(0);
  await ana.page.keyboard.press('Control+Shift+z');
  await ben.button('Redo').click();
  for (const person of [ana, ben]) await expect.poll(() => person.elements()).toBe(2);

  await ben.button('Clear board').click();
  await expect.poll(() => ana.elements()).toBe(0);
  await ben.button('Undo').click();
  for (const person of [ana, ben]) await expect.poll(() => person.elements()).toBe(2);
  await agree([ana, ben]);
});

test('every tool looks the same in both, after reload, and in the SVG', async ({ server, enter }) => {
  const ana = await enter();
  const ben = await enter();
  const address = await ana.makeBoard(server.url);
  await ben.open(address);
  await drawOneOfEach(ana);
  await ana.isSaved();
  await expect.poll(() => ben.elements()).toBe(6);
  await agree([ana, ben]);

  await Promise.all([ana, ben].map((person) => person.page.mouse.move(640, 30)));
  await settles(ana, ben);
  await ben.page.reload();
  await ben.isLive();
  await expect.poll(() => ben.elements()).toBe(6);
  await ana.page.reload();
  await ana.isLive();
  await settles(ana, ben);

  const reader = await enter({ javaScriptEnabled: false });
  await reader.page.goto(address);
  await expect.poll(async () => difference(await reader.picture(MIDDLE), await ana.picture(MIDDLE))).toBeLessThan(0.01);

  const svg = await reader.page.request.get(`${address}.svg`);
  expect(svg.headers()['content-type']).toContain('image/svg+xml');
  expect((await svg.text()).match(/<path/g)!.length).toBeGreaterThanOrEqual(6);
});

/** Until both show the same picture. */
async function settles(one: Person, other: Person): Promise<void> {
  await expect
    .poll(async () => difference(await one.picture(MIDDLE), await other.picture(MIDDLE)), { timeout: 15_000 })
    .toBeLessThan(0.002);
}

async function drawOneOfEach(person: Person): Promise<void> {
  await person.choose('Pen');
  await person.draw(wave(200));
  await person.choose('Highlighter');
  await person.draw(wave(220));
  const shapes = ['Rectangle', 'Ellipse', 'Line', 'Arrow'];
  for (const [n, name] of shapes.entries()) {
    await person.choose(name);
    await person.draw([
      { x: 200 + 200 * n, y: 350 },
      { x: 340 + 200 * n, y: 460 },
    ]);
  }
  await expect.poll(() => person.elements()).toBe(6);
}

test('the eraser takes whole elements', async ({ server, enter }) => {
  const ana = await enter();
  await ana.makeBoard(server.url);
  await ana.choose('Pen');
  await ana.draw(wave(250));
  await ana.draw(wave(450));
  await ana.choose('Eraser');
  await ana.draw([
    { x: 400, y: 180 },
    { x: 400, y: 330 },
  ]);
  await expect.poll(() => ana.elements()).toBe(1);
  await ana.page.keyboard.press('Control+z');
  await expect.poll(() => ana.elements()).toBe(2);
});

test('pan, zoom and fit leave the drawing alone', async ({ server, enter }) => {
  const ana = await enter();
  await ana.makeBoard(server.url);
  await ana.choose('Pen');
  await ana.draw(wave(300));
  await ana.isSaved();
  const digest = await ana.probe('digest');
  const before = inked(await ana.picture(MIDDLE));
  await ana.page.mouse.move(640, 400);
  await ana.page.keyboard.down('Control');
  await ana.page.mouse.wheel(0, -300);
  await ana.page.keyboard.up('Control');
  await expect.poll(async () => inked(await ana.picture(MIDDLE))).not.toBe(before);
  await ana.page.mouse.wheel(0, 4_000);
  await expect.poll(async () => inked(await ana.picture(MIDDLE))).toBe(0);
  await ana.page.keyboard.press('Shift+Digit1');
  await expect.poll(async () => inked(await ana.picture(MIDDLE))).toBeGreaterThan(500);
  expect(await ana.probe('digest')).toBe(digest);
});

test('a name and a colour of one’s own are seen by others and kept', async ({ server, enter }) => {
  const ana = await enter();
  const ben = await enter();
  const address = await ana.makeBoard(server.url);
  await ben.open(address);
  await ana.button('People').click();
  const name = ana.page.getByRole('textbox', { name: /name/i });
  await name.fill('Ana Lovelace');
  await name.press('Enter');
  await ben.button('People').click();
  await expect(ben.page.getByRole('dialog').getByText('Ana Lovelace')).toBeVisible();
  await ana.open(address);
  await ana.button('People').click();
  await expect(ana.page.getByRole('textbox', { name: /name/i })).toHaveValue('Ana Lovelace');
});
