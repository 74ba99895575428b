// Reports as the command writes them: the one that TWINGUARD names, or the release build.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, openSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { root } from "../playground/browser.mjs";

export const program = process.env["TWINGUARD"] ?? join(root, "target/release/twinguard");
/** Where pages and traces are put; the folder is part of no page. */
export const folder = join(root, "target/report");

/**
 * Writes the report on these traces; gives its address.
 *
 * @param {string} name
 * @param {string} traces - JSON Lines.
 * @param {...string} options
 */
export function report(name, traces, ...options) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.jsonl`), traces);
  const page = join(folder, `${name}.html`);
  const run = spawnSync(program, ["verify", "--format", "html", ...options, `${name}.jsonl`], {
    cwd: folder,
    stdio: ["ignore", openSync(page, "w"), "pipe"],
  });
  assert.equal(run.error, undefined, `${program} cannot be run; \`cargo build --release -p twinguard\` builds it`);
  // 2 where a test gives it something that cannot be read.
  assert.ok(run.status !== null && run.status <= 2, String(run.stderr));
  return pathToFileURL(page).href;
}

/** Opens the nth finding of the page that is shown. @param {import("playwright-core").Page} page @param {number} [n] */
export async function open(page, n = 0) {
  await page.locator("#rows button.opener").nth(n).click();
  await page.waitForSelector("#rows .detail");
}
