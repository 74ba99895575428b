// Every case of the repository in Chromium, on the component that the page carries: what it expects, and
// what the Rust host says, which `cargo run -p twinguard-tests --bin verdicts` writes down.

import assert from "node:assert/strict";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { root, start } from "./browser.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let chromium;

before(async () => {
  chromium = await start();
});

after(() => chromium.stop());

/** The case files by their path, for a browser has no folders. */
const files = Object.fromEntries(
  ["known-misses.jsonl", ...readdirSync(join(root, "tests/data/sessions")).map((name) => `sessions/${name}`)].map((path) => [
    `/tests/data/${path}`,
    readFileSync(join(root, "tests/data", path), "utf8"),
  ]),
);

/** What runs in the page: the same as on the other engines, with the files and the component at hand. */
const program = `
  import { loadGuard } from "twinguard";
  import { form, judgeAll, mistake } from "../cases.mjs";
  const packed = Uint8Array.from(atob(document.getElementById("guard").textContent), (byte) => byte.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  globalThis.judge = async () => {
    await loadGuard(await new Response(stream).arrayBuffer());
    return judgeAll().map((one) => ({ place: one.file + ":" + one.line, wrong: mistake(one), verdict: form(one.verdict) }));
  };
`;

/** @type {import("esbuild").Plugin} */
const folders = {
  name: "folders",
  setup({ onLoad, onResolve }) {
    onResolve({ filter: /^node:fs$/ }, () => ({ path: "fs", namespace: "folders" }));
    onLoad({ filter: /.*/, namespace: "folders" }, () => ({
      contents: `
        const files = ${JSON.stringify(files)};
        export const readFileSync = ({ pathname }) => files[pathname];
        export const readdirSync = ({ pathname }) => Object.keys(files).filter((path) => path.startsWith(pathname)).map((path) => path.slice(pathname.length));
      `,
    }));
  },
};

test("Chromium gives the verdicts of Rust on every case", async () => {
  const { outputFiles } = await build({
    stdin: { contents: program, resolveDir: fileURLToPath(new URL(".", import.meta.url)) },
    bundle: true,
    write: false,
    format: "iife",
    alias: { twinguard: "twinguard/browser" },
    define: { "import.meta.url": '"file:///host/node/test/cases.mjs"' },
    plugins: [folders],
    logLevel: "error",
  });
  const { page } = await chromium.page();
  await page.evaluate(outputFiles[0]?.text ?? "");
  /** @type {{ place: string, wrong?: string, verdict: unknown }[]} */
  const judged = await page.evaluate(() => /** @type {any} */ (globalThis).judge());
  const rust = new Map(
    readFileSync(join(root, "target/verdicts.jsonl"), "utf8")
      .trim()
      .split("\n")
      .map((text) => JSON.parse(text))
      .map(({ file, line, verdict }) => [`${file}:${line}`, verdict]),
  );
  assert.ok(rust.size > 100);
  assert.deepEqual(
    judged.filter(({ wrong }) => wrong !== undefined).map(({ place, wrong }) => `${place}: ${wrong}`),
    [],
  );
  for (const { place, verdict } of judged) assert.deepEqual(verdict, rust.get(place), place);
  assert.deepEqual(judged.map(({ place }) => place).sort(), [...rust.keys()].sort());
});
