// Pages without scripts, on phones, by keyboard, and for assistive technology.

import AxeBuilder from '@axe-core/playwright';

import { difference, inked } from '../lib/person.ts';
import { expect, test } from '../lib/test.ts';

const WAVE = Array.from({ length: 15 }, (_, n) => ({ x: 300 + 30 * n, y: 350 + 60 * Math.sin(n) }));
const MIDDLE = { x: 120, y: 120, width: 1040, height: 520 };

test('without scripts, home makes a board and the board shows its drawing', async ({ server, enter }) => {
  const plain = await enter({ javaScriptEnabled: false });
  await plain.page.goto(server.url);
  await plain.page.getByRole('textbox', { name: 'Title' }).fill('Plain <b>& simple');
  await plain.button('New board').click();
  await plain.page.waitForURL(/\/b\/[^/]+$/);
  await expect(plain.page).toHaveTitle(/Plain <b>& simple/);

  const ana = await enter();
  await ana.open(plain.page.url());
  await ana.choose('Pen');
  await ana.draw(WAVE);
  await ana.isSaved();
  await plain.page.reload();
  await expect(plain.surface.locator('svg path')).not.toHaveCount(0);
  expect(inked(await plain.picture(MIDDLE))).toBeGreaterThan(1_000);

  await plain.page.goto(server.url);
  await expect(plain.page.getByRole('link', { name: /Plain <b>& simple/ })).toBeVisible();
});

test('the first HTML shows the drawing and the canvas takes over without a jump', async ({ server, enter }) => {
  const ana = await enter();
  const address = await ana.makeBoard(server.url);
  await ana.choose('Pen');
  await ana.draw(WAVE);
  await ana.isSaved();
  await ana.page.close();

  const ben = await enter();
  await ben.page.route(/\.wasm$/, (route) => route.abort());
  await ben.page.goto(address);
  const before = await ben.picture(MIDDLE);
  expect(inked(before)).toBeGreaterThan(1_000);
  await ben.page.unroute(/\.wasm$/);
  ben.troubles.length = 0;
  await ben.open(address);
  await expect(ben.surface.locator('canvas').first()).toBeVisible();
  await expect(ben.surface.locator('svg')).toHaveCount(0);
  await expect.poll(async () => difference(await ben.picture(MIDDLE), before)).toBeLessThan(0.0005);
});

test('a lost link gets a calm page', async ({ server, enter }) => {
  const ana = await enter();
  for (const path of ['/b/00000000000000000000000000', '/b/nonsense', '/nothing']) {
    const answer = await ana.page.goto(server.url + path);
    expect(answer!.status()).toBe(404);
    await expect(ana.page.getByRole('link', { name: /home|boards|inkroom/i }).first()).toBeVisible();
  }
});

test('without ?probe the page shows nothing of its inside', async ({ server, enter }) => {
  const ana = await enter();
  const address = await ana.makeBoard(server.url);
  await ana.page.goto(address);
  await expect(ana.connection).toHaveText(/Live/);
  expect(await ana.page.evaluate(() => 'inkroom' in window)).toBe(false);
});

test('sharing shows the link and its code', async ({ server, enter }) => {
  const ana = await enter();
  const address = await ana.makeBoard(server.url);
  await ana.button('Share').click();
  const dialog = ana.page.getByRole('dialog', { name: 'Share' });
  await expect(dialog.getByRole('textbox')).toHaveValue(address);
  await expect(dialog.locator('svg').first()).toBeVisible();
  await ana.page.keyboard.press('Escape');
  await expect(dialog).toBeHidden();
  await expect(ana.button('Share')).toBeFocused();
});

test('two fingers pan and pinch on a phone, one finger draws', async ({ server, enter }) => {
  const phone = await enter({ viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 });
  await phone.makeBoard(server.url);
  await phone.choose('Pen');
  const cdp = await phone.context.newCDPSession(phone.page);
  const touch = (type: 'touchStart' | 'touchMove' | 'touchEnd', ...touchPoints: { x: number; y: number; id: number }[]) =>
    cdp.send('Input.dispatchTouchEvent', { type, touchPoints });

  await touch('touchStart', { x: 100, y: 300, id: 1 });
  for (let n = 1; n <= 10; n++) await touch('touchMove', { x: 100 + 15 * n, y: 300 + 5 * n, id: 1 });
  await touch('touchEnd');
  await expect.poll(() => phone.elements()).toBe(1);
  await phone.isSaved();
  const digest = await phone.probe('digest');

  const clip = { x: 0, y: 120, width: 390, height: 520 };
  const before = inked(await phone.picture(clip));
  await touch('touchStart', { x: 150, y: 400, id: 1 }, { x: 250, y: 400, id: 2 });
  for (let n = 1; n <= 10; n++) {
    await touch('touchMove', { x: 150 - 8 * n, y: 400, id: 1 }, { x: 250 + 8 * n, y: 400, id: 2 });
  }
  await touch('touchEnd');
  await expect.poll(async () => inked(await phone.picture(clip))).not.toBe(before);
  expect(await phone.elements()).toBe(1);
  expect(await phone.probe('digest')).toBe(digest);
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`axe finds nothing on any page, ${colorScheme}`, async ({ server, enter }) => {
    const ana = await enter({ colorScheme });
    const check = async () => {
      const found = await new AxeBuilder({ page: ana.page }).analyze();
      expect(found.violations.map((violation) => `${violation.id}: ${violation.nodes[0]?.html}`)).toEqual([]);
    };
    await ana.makeBoard(server.url, 'I present', 'Checked');
    await check();
    await ana.button('People').click();
    await check();
    await ana.page.keyboard.press('Escape');
    await ana.button('Share').click();
    await check();
    await ana.page.goto(server.url);
    await check();
    await ana.page.goto(`${server.url}/nothing`);
    await check();
  });
}
