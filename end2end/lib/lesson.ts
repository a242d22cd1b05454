// A drawing as a lesson leaves it on a board: a diagram, a formula, a sketch. Drawn by hand, through the page.

import type { Person, Spot } from './person.ts';

/** Letters as the pen goes, in a box 10 wide and 16 high with its origin at the upper left. */
const LETTERS: Record<string, number[][][]> = {
  q: [[[9, 5], [6, 4], [2, 5], [1, 8], [3, 11], [7, 10], [9, 7], [9, 5], [9, 12], [9, 19]]],
  '=': [[[1, 7], [9, 6.6]], [[1, 11], [9, 10.6]]],
  '-': [[[1, 9], [9, 8.6]]],
  k: [[[2, 0], [2, 15]], [[9, 5], [2.5, 10], [9, 15]]],
  d: [[[8, 6], [5, 5], [2, 8], [2, 12], [5, 15], [8, 12], [8, 0], [8.4, 15]]],
  T: [[[0, 0.5], [11, 0]], [[5.5, 0.5], [5.6, 15]]],
  x: [[[2, 6], [8, 15]], [[8, 6], [2, 15]]],
  '1': [[[2, 3], [5, 0], [5, 15]]],
  '2': [[[1, 3], [4, 0], [8, 3], [6, 8], [1, 15], [9, 14.6]]],
};

/** A curve through the corners, as a hand rounds them (Catmull–Rom). */
function rounded(corners: Spot[]): Spot[] {
  const at = (n: number) => corners[Math.max(0, Math.min(corners.length - 1, n))]!;
  const between = (n: number, t: number, of: (spot: Spot) => number) => {
    const [a, b, c, d] = [of(at(n - 1)), of(at(n)), of(at(n + 1)), of(at(n + 2))];
    return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
  };
  return corners.flatMap((_, n) => (n === corners.length - 1 ? [at(n)] : [0, 0.25, 0.5, 0.75].map((t) => ({
    x: between(n, t, (spot) => spot.x),
    y: between(n, t, (spot) => spot.y),
  }))));
}

async function write(person: Person, text: string, x: number, y: number, size: number): Promise<void> {
  for (const [n, letter] of [...text].entries()) {
    for (const line of LETTERS[letter] ?? []) {
      const corners = line.map(([dx, dy]) => ({ x: x + (n * 14 + dx!) * size, y: y + dy! * size }));
      await person.draw(rounded(corners), { steps: 2 });
    }
  }
}

async function shape(person: Person, tool: string, from: Spot, to: Spot): Promise<void> {
  await person.choose(tool);
  await person.draw([from, to], { steps: 6 });
}

/** Draws it all, in a window of about 1440 by 900. */
export async function drawLesson(person: Person): Promise<void> {
  await person.style('Yellow', 1);
  await person.choose('Highlighter');
  await person.draw(rounded([{ x: 390, y: 628 }, { x: 520, y: 622 }, { x: 690, y: 626 }]), { steps: 4 });
  await person.style('Ink', 1);
  await shape(person, 'Rectangle', { x: 360, y: 200 }, { x: 420, y: 500 });
  await person.style('Grey', 0);
  for (let y = 250; y <= 490; y += 40) await shape(person, 'Line', { x: 362, y }, { x: 418, y: y - 34 });
  await person.style('Red', 2);
  await person.choose('Pen');
  await person.draw(rounded([[300, 236], [420, 240], [470, 320], [550, 390], [660, 424], [760, 432]].map(([x, y]) => ({ x: x!, y: y! }))), { steps: 3 });
  await person.style('Blue', 1);
  await person.choose('Pen');
  for (const y of [280, 340, 480]) {
    await person.draw(Array.from({ length: 25 }, (_, n) => ({ x: 480 + 5 * n, y: y + 9 * Math.sin(n * 0.75) })), { steps: 2 });
  }
  await person.style('Ink', 1);
  await person.choose('Pen');
  await write(person, 'q=-k', 410, 590, 2.2);
  await write(person, 'dT', 590, 556, 2);
  await person.draw([{ x: 580, y: 604 }, { x: 652, y: 602 }], { steps: 4 });
  await write(person, 'dx', 590, 616, 2);
  await person.style('Violet', 1);
  await shape(person, 'Rectangle', { x: 900, y: 220 }, { x: 1060, y: 300 });
  await person.style('Green', 1);
  await shape(person, 'Rectangle', { x: 900, y: 420 }, { x: 1060, y: 500 });
  await person.style('Ink', 1);
  await shape(person, 'Arrow', { x: 980, y: 306 }, { x: 980, y: 412 });
  await person.choose('Pen');
  await write(person, 'T1', 950, 244, 2);
  await write(person, 'T2', 950, 444, 2);
  await person.style('Orange', 2);
  await shape(person, 'Ellipse', { x: 880, y: 570 }, { x: 1080, y: 660 });
  await person.choose('Pen');
}
