// Node, Deno and Bun do the same, and give the verdicts of the Rust host, which
// `cargo run -p twinguard-tests --bin verdicts` writes down.

import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

const bin = fileURLToPath(new URL("../node_modules/.bin/", import.meta.url));

/** Deno is allowed to read files and nothing else. @type {Record<string, string[]>} */
const ENGINES = {
  Node: [process.execPath],
  Deno: [`${bin}deno`, "run", "--no-prompt", "--allow-read"],
  Bun: [`${bin}bun`, "run"],
};

for (const [engine, [program = "", ...args]] of Object.entries(ENGINES)) {
  /** @param {string} script */
  const run = (script) => {
    const file = fileURLToPath(new URL(script, import.meta.url));
    execFileSync(program, [...args, file], { stdio: ["ignore", "inherit", "inherit"] });
  };
  test(`${engine} gives the verdicts of Rust on every case`, () => run("conformance.mjs"));
  test(`${engine} checks, verifies, and ends a worker for its time`, () => run("engine.mjs"));
}
