// The pictures by which the look is judged, and the one in the README. They land in results/look, or where
// INKROOM_PICTURES says; the test itself only demands that nothing runs out of the window.

import { mkdirSync } from 'node:fs';

import { agree, inked } from '../lib/person.ts';
import { drawLesson } from '../lib/lesson.ts';
import { expect, test } from '../lib/test.ts';

const PICTURES = process.env.INKROOM_PICTURES ?? 'results/look';
const SIZES = { wide: { width: 1440, height: 900 }, tablet: { width: 820, height: 1180 }, phone: { width: 390, height: 844 } };

test('a lesson at every size, light and dark', async ({ server, enter }) => {
  test.setTimeout(240_000);
  mkdirSync(PICTURES, { recursive: true });
  const presenter = await enter({ viewport: SIZES.wide });
  const address = await presenter.makeBoard(server.url, 'I present', 'Heat in a wall');
  await drawLesson(presenter);
  await presenter.isSaved();

  const viewers = [];
  for (const colorScheme of ['light', 'dark'] as const) {
    const viewer = await enter({ colorScheme, viewport: SIZES.wide });
    await viewer.open(address);
    viewers.push(viewer);
  }
  await agree([presenter, ...viewers]);
  await expect.poll(() => presenter.probe('members')).toBe(3);

  for (const [who, person] of Object.entries({ presenter, viewer: viewers[0]! })) {
    for (const colorScheme of ['light', 'dark'] as const) {
      await person.page.emulateMedia({ colorScheme });
      for (const [size, viewport] of Object.entries(SIZES)) {
        await person.page.setViewportSize(viewport);
        await person.open(address);
        await expect.poll(async () => inked(await person.picture())).toBeGreaterThan(1_000);
        const overflow = await person.page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
        expect(overflow).toBe(false);
        await person.page.mouse.move(viewport.width / 2, 80);
        await person.page.screenshot({ path: `${PICTURES}/${who}-${size}-${colorScheme}.png`, animations: 'disabled' });
      }
    }
  }

  await presenter.page.emulateMedia({ colorScheme: 'light' });
  await presenter.page.setViewportSize(SIZES.wide);
  await presenter.open(address);
  await presenter.page.mouse.move(700, 120);
  await presenter.page.screenshot({ path: `${PICTURES}/board.png`, animations: 'disabled' });
  await presenter.page.goto(server.url);
  await expect(presenter.page.locator('img').first()).toBeVisible();
  await presenter.page.screenshot({ path: `${PICTURES}/home.png`, animations: 'disabled' });
});
