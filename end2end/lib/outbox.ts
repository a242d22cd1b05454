// The queue that a page keeps on its device, as a test reads it, damages it or fills it: in the browser's database.

import type { Page } from '@playwright/test';

/** A waiting op as it is written: a byte for the version, 16 for the client, the number as a varint, and the rest. */
export type Kept = { key: string; bytes: number[] };

const CLIENT_ENDS = 17;

export async function kept(page: Page): Promise<Kept[]> {
  return (await inStore(page, 'pending')) as Kept[];
}

/** What was set aside: under which key it was, and what it is. */
export async function aside(page: Page): Promise<{ key: unknown; value: unknown }[]> {
  return inStore(page, 'aside');
}

async function inStore(page: Page, name: string): Promise<never[]> {
  return page.evaluate(async (store) => {
    const answer = <T>(request: IDBRequest<T>) =>
      new Promise<T>((resolve, reject) => {
        request.onsuccess = () => resolve(request.result);
        request.onerror = () => reject(request.error);
      });
    const database = await answer(indexedDB.open('inkroom', 1));
    const from = database.transaction(store).objectStore(store);
    const [keys, values] = await Promise.all([answer(from.getAllKeys()), answer(from.getAll())]);
    database.close();
    return keys.map((key, n) => {
      const value: unknown = values[n];
      const shown = value instanceof Uint8Array ? [...value] : value;
      return store === 'pending' ? { key, bytes: shown } : { key: (key as unknown[])[0], value: shown };
    }) as never[];
  }, name);
}

/** Writes records into the queue: bytes as the client writes them, or whatever else a database holds. */
export async function plant(page: Page, records: { key: string; value: unknown }[]): Promise<void> {
  await page.evaluate(async (planted) => {
    const request = indexedDB.open('inkroom', 1);
    request.onupgradeneeded = () => ['pending', 'aside'].forEach((name) => request.result.createObjectStore(name));
    await new Promise((resolve, reject) => {
      request.onsuccess = resolve;
      request.onerror = () => reject(request.error);
    });
    const writing = request.result.transaction('pending', 'readwrite', { durability: 'strict' });
    for (const { key, value } of planted) {
      writing.objectStore('pending').put(Array.isArray(value) ? new Uint8Array(value) : value, key);
    }
    await new Promise((resolve, reject) => {
      writing.oncomplete = resolve;
      writing.onabort = () => reject(writing.error);
    });
    request.result.close();
  }, records);
}

function varint(n: number): number[] {
  const bytes = [];
  for (; n > 127; n = Math.floor(n / 128)) bytes.push((n % 128) + 128);
  return [...bytes, n];
}

/** Where the varint that begins at `at` ends. */
function endOfVarint(bytes: number[], at: number): number {
  return bytes.findIndex((byte, n) => n >= at && byte < 128) + 1;
}

/** The same op with another number. */
export function numbered(record: Kept, n: number): Kept {
  const rest = record.bytes.slice(endOfVarint(record.bytes, CLIENT_ENDS));
  return {
    key: record.key.slice(0, -10) + String(n).padStart(10, '0'),
    bytes: [...record.bytes.slice(0, CLIENT_ENDS), ...varint(n), ...rest],
  };
}

/** The same op, done at another time. */
export function dated(record: Kept, ms: number): Kept {
  const from = endOfVarint(record.bytes, CLIENT_ENDS) + 16;
  const rest = record.bytes.slice(endOfVarint(record.bytes, from));
  return { key: record.key, bytes: [...record.bytes.slice(0, from), ...varint(ms), ...rest] };
}
