// A person with a browser of their own: opens boards, draws, and says what they see.

import { expect, type Browser, type BrowserContext, type BrowserContextOptions, type Locator, type Page } from '@playwright/test';
import { PNG } from 'pngjs';

export type Spot = { x: number; y: number };

type Probe = { digest(): string; seq(): number; pending(): number; elements(): number; members(): number };

export class Person {
  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    /** What went wrong on the page: errors, and violations of its content policy. */
    readonly troubles: string[],
  ) {}

  static async enter(browser: Browser, options: BrowserContextOptions = {}): Promise<Person> {
    const context = await browser.newContext(options);
    const troubles: string[] = [];
    if (options.javaScriptEnabled !== false) {
      await context.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', (event) => {
          console.error(`content policy: ${event.violatedDirective} ${event.blockedURI}`);
        });
      });
    }
    const page = await context.newPage();
    page.on('pageerror', (error) => troubles.push(String(error)));
    page.on('console', (message) => {
      // A cut line is reported by the browser itself; that is what the tests do to it.
      const isNetwork = /ERR_|WebSocket connection|Failed to load resource/.test(message.text());
      if (message.type() === 'error' && !isNetwork) troubles.push(message.text());
    });
    return new Person(context, page, troubles);
  }

  get surface(): Locator {
    return this.page.getByTestId('surface');
  }

  get connection(): Locator {
    return this.page.getByRole('status', { name: 'Connection' });
  }

  get saved(): Locator {
    return this.page.getByRole('status', { name: 'Saved' });
  }

  button(name: string): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  /** Makes a board through the home page and opens it; answers its address. */
  async makeBoard(url: string, mode: 'Everyone draws' | 'I present' = 'Everyone draws', title = ''): Promise<string> {
    await this.page.goto(url);
    await this.page.getByRole('textbox', { name: 'Title' }).fill(title);
    await this.page.getByRole('radio', { name: mode }).check();
    await this.button('New board').click();
    await this.page.waitForURL(/\/b\/[^/]+$/);
    const address = this.page.url();
    await this.open(address);
    return address;
  }

  async open(address: string): Promise<void> {
    await this.page.goto(`${address}?probe`);
    await this.isLive();
  }

  async isLive(): Promise<void> {
    await expect(this.connection).toHaveText(/Live/);
    await this.page.waitForFunction(() => 'inkroom' in window);
  }

  /** From now on, what the page says of its connection; answers how to ask for what it said. */
  async listen(): Promise<() => Promise<string[]>> {
    const said = await this.connection.evaluateHandle((status) => {
      const words = [status.textContent!.trim()];
      new MutationObserver(() => words.push(status.textContent!.trim())).observe(status, { characterData: true, childList: true, subtree: true });
      return words;
    });
    return () => said.jsonValue();
  }

  async choose(tool: string): Promise<void> {
    await this.button(tool).click();
  }

  /** Chooses a colour by its name, and a width from 0 to 3. */
  async style(colour: string, width: number): Promise<void> {
    await this.button('Colour and width').click();
    const panel = this.page.getByRole('dialog', { name: 'Colour and width' });
    await panel.getByRole('group', { name: 'Colour', exact: true }).getByRole('button', { name: colour, exact: true }).click();
    await panel.getByRole('group', { name: 'Width' }).getByRole('button').nth(width).click();
    await this.page.keyboard.press('Escape');
  }

  /** The place `spot` of the surface, in pixels of the window. */
  private async at(spot: Spot): Promise<Spot> {
    const box = (await this.surface.boundingBox())!;
    return { x: box.x + spot.x, y: box.y + spot.y };
  }

  /** Moves the mouse along `spots` with the button down, and lifts it unless told not to. */
  async draw(spots: Spot[], { lift = true, steps = 4 } = {}): Promise<void> {
    const [first, ...rest] = spots;
    const start = await this.at(first!);
    await this.page.mouse.move(start.x, start.y);
    await this.page.mouse.down();
    for (const spot of rest) {
      const to = await this.at(spot);
      await this.page.mouse.move(to.x, to.y, { steps });
    }
    if (lift) await this.page.mouse.up();
  }

  async probe<K extends keyof Probe>(what: K): Promise<ReturnType<Probe[K]>> {
    return this.page.evaluate((name) => {
      const probe = (window as unknown as { inkroom: Record<string, () => unknown> }).inkroom;
      return probe[name]!();
    }, what) as Promise<ReturnType<Probe[K]>>;
  }

  async elements(): Promise<number> {
    return this.probe('elements');
  }

  /** The highest seq that the page calls saved. */
  async savedSeq(): Promise<number> {
    return Number(/#(\d+)$/.exec((await this.saved.textContent())!.trim())?.[1] ?? 0);
  }

  /** Waits until everything this person did is in the log. */
  async isSaved(): Promise<void> {
    await expect.poll(() => this.probe('pending')).toBe(0);
  }

  /** What the surface looks like. */
  async picture(clip?: { x: number; y: number; width: number; height: number }): Promise<PNG> {
    return PNG.sync.read(await this.page.screenshot({ clip, animations: 'disabled' }));
  }

  async leave(): Promise<void> {
    await this.context.close();
  }
}

/** Waits until all see the same board, and answers its digest. */
export async function agree(people: Person[]): Promise<string> {
  let digest = '';
  await expect(async () => {
    const digests = await Promise.all(people.map((person) => person.probe('digest')));
    expect(new Set(digests).size).toBe(1);
    digest = digests[0]!;
  }).toPass({ timeout: 30_000 });
  return digest;
}

/** How many pixels differ from the corner's colour, which is paper. */
export function inked(picture: PNG): number {
  const [r, g, b] = picture.data;
  let count = 0;
  for (let at = 0; at < picture.data.length; at += 4) {
    const distance = Math.abs(picture.data[at]! - r!) + Math.abs(picture.data[at + 1]! - g!) + Math.abs(picture.data[at + 2]! - b!);
    if (distance > 60) count += 1;
  }
  return count;
}

/** The share of pixels that look different in the two pictures. */
export function difference(a: PNG, b: PNG): number {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  let count = 0;
  for (let at = 0; at < a.data.length; at += 4) {
    const distance =
      Math.abs(a.data[at]! - b.data[at]!) + Math.abs(a.data[at + 1]! - b.data[at + 1]!) + Math.abs(a.data[at + 2]! - b.data[at + 2]!);
    if (distance > 90) count += 1;
  }
  return count / (a.width * a.height);
}
