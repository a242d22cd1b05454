// Starts the client. An external module, so that no page needs an inline script, a nonce or a wait for idle time.
// The names below are the logical ones: xtask puts the hashed ones in their place for a release.
import start, * as client from "./inkroom.js";

const root = document.documentElement;

// An island inside the children of another one must find that one's owner current.
async function wake(island) {
  const name = island.dataset.component;
  if (typeof client[name] !== "function") {
    throw new Error(`the client has no island ${name}`);
  }
  island.closest("leptos-children")?.$$on_hydrate?.();
  await client[name](island);
}

try {
  await start({ module_or_path: new URL("./inkroom_bg.wasm", import.meta.url) });
  client.hydrate();
  for (const island of document.querySelectorAll("leptos-island")) {
    await wake(island);
  }
  root.dataset.client = "awake";
} catch (error) {
  root.dataset.client = "failed";
  throw error;
}
