// Lines to draw, and how ink is seen by others before it is stored.

import { expect } from '@playwright/test';
import type { PNG } from 'pngjs';

import { inked, type Person, type Spot } from './person.ts';

/** The part of the window between the islands. */
export const MIDDLE = { x: 120, y: 120, width: 1040, height: 520 };

export const wave = (y: number, from = 200, to = 600): Spot[] =>
  Array.from({ length: 21 }, (_, n) => ({ x: from + ((to - from) * n) / 20, y: y + 40 * Math.sin(n / 2) }));

/** A short scribble that depends on nothing but its number. */
export const scribble = (n: number): Spot[] => {
  const [x, y] = [160 + ((n * 97) % 880), 150 + ((n * 61) % 420)];
  return [0, 1, 2].map((k) => ({ x: x + 25 * k, y: y + (k % 2) * 22 }));
};

/** What is seen of a drawing while it goes on: the highest seq that a page called saved; and whether it is enough. */
export type Progress = { saved: number; enough?: boolean };

/** Draws so many scribbles, or until it is enough; answers how many. */
export async function scribbles(person: Person, from: number, most: number, progress: Progress): Promise<number> {
  let drawn = 0;
  while (drawn < most && !progress.enough) {
    await person.draw(scribble(from + drawn), { steps: 2 });
    progress.saved = Math.max(progress.saved, await person.savedSeq());
    drawn += 1;
  }
  return drawn;
}

/** Draws a dot, so that the line that invites to draw is gone, and waits until all see it. */
export async function notEmpty(...people: Person[]): Promise<void> {
  await people[0]!.choose('Pen');
  await people[0]!.draw([{ x: 150, y: 150 }]);
  for (const person of people) await expect.poll(() => person.elements()).toBe(1);
  for (const person of people) await expect.poll(async () => inked(await person.picture(MIDDLE))).toBeLessThan(500);
}

/**
 * Draws along `spots` without lifting the pen until `viewer` saw it grow with nothing more in the log; answers whether
 * that was so. Then it was live ink, however slow the machine and however often a long stroke is stored meanwhile. In
 * yellow, which is nobody's colour: no cursor is taken for ink.
 */
export async function isSeenGrowing(author: Person, viewer: Person, spots: Spot[]): Promise<boolean> {
  await author.style('Yellow', 3);
  await author.choose('Pen');
  await author.draw(spots.slice(0, 2), { lift: false });
  for (const spot of spots.slice(2)) {
    const [seq, before] = [await viewer.probe('seq'), yellow(await viewer.picture(MIDDLE))];
    await author.page.mouse.move(spot.x, spot.y, { steps: 6 });
    const after = yellow(await viewer.picture(MIDDLE));
    if (after > before + 20 && (await viewer.probe('seq')) === seq) return true;
  }
  return false;
}

/** How many pixels are as yellow as yellow ink, which orange is not. */
function yellow(picture: PNG): number {
  let count = 0;
  for (let at = 0; at < picture.data.length; at += 4) {
    const [r, g, b] = [picture.data[at]!, picture.data[at + 1]!, picture.data[at + 2]!];
    if (r - b > 150 && g > 0.73 * r) count += 1;
  }
  return count;
}
