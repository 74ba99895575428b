// A page, mostly the built playground, in a real Chromium: Debian's, or the one that TWINGUARD_CHROMIUM names.

import { existsSync, readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createRequire } from "node:module";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { chromium } from "playwright-core";

export const root = fileURLToPath(new URL("../../../../", import.meta.url));
const html = join(root, "target/playground.html");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const program = process.env["TWINGUARD_CHROMIUM"] ?? "/usr/bin/chromium";

/** The page on the disk. */
export const file = pathToFileURL(html).href;

/** Longer than anything takes on a busy machine. */
export const PATIENCE = { timeout: 60_000 };

export async function start() {
  if (!existsSync(program)) throw new Error(`no Chromium at ${program}; install it, or name another in TWINGUARD_CHROMIUM`);
  // Run by whoever runs the tests, root too; and nothing but the page should be looked up.
  const quiet = ["--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
  const args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--force-color-profile=srgb", ...quiet];
  const browser = await chromium.launch({ executablePath: program, args });
  return {
    /**
     * A page in a context of its own, and what it asks for and complains of.
     *
     * @param {import("playwright-core").BrowserContextOptions & { url?: string }} [options]
     */
    async page({ url = file, ...options } = {}) {
      if (url === file && !existsSync(html)) throw new Error(`no page at ${html}; \`npm run playground\` builds it`);
      const own = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: "reduce", ...options });
      const page = await own.newPage();
      page.setDefaultTimeout(PATIENCE.timeout);
      /** @type {string[]} */
      const requests = [];
      /** @type {string[]} */
      const errors = [];
      own.on("request", (request) => requests.push(request.url()));
      page.on("pageerror", (error) => errors.push(String(error)));
      page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
      await page.goto(url);
      return { page, requests, errors };
    },
    stop: () => browser.close(),
  };
}

/** What axe finds wrong with the page as it stands. @param {import("playwright-core").Page} page */
export async function violations(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => /** @type {any} */ (globalThis).axe.run(document, { resultTypes: ["violations"] }));
  return violations.map((/** @type {any} */ one) => `${one.id}: ${one.nodes.map((/** @type {any} */ node) => node.target).join(", ")}`);
}

/** The page on a server that counts what it is asked for. */
export async function serve() {
  /** @type {string[]} */
  const asked = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? "");
    response.setHeader("content-type", "text/html; charset=utf-8");
    response.end(request.url === "/" ? readFileSync(html) : "");
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(undefined)));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("the server has no port");
  return { url: `http://127.0.0.1:${address.port}/`, asked, stop: () => server.close() };
}

/** Loads the bundled example and waits for its transcript. @param {import("playwright-core").Page} page */
export async function example(page) {
  await page.click("#example-button");
  await page.waitForSelector("#steps .finding");
}

/**
 * Gives files to the page.
 *
 * @param {import("playwright-core").Page} page
 * @param {Record<string, string | Buffer>} files - Content by name.
 */
export async function choose(page, files) {
  const payload = Object.entries(files).map(([name, content]) => ({
    name,
    mimeType: "application/octet-stream",
    buffer: Buffer.from(content),
  }));
  await page.setInputFiles("#files", payload);
  await page.waitForFunction(() => /could not|conversation/.test(document.getElementById("traces-status")?.textContent ?? ""));
  await page.waitForSelector("#traces-stop", { state: "hidden" });
}

/**
 * A conversation in the plainest of formats, one line.
 *
 * @param {string} id
 * @param {readonly { result?: string, user?: string, call?: Record<string, unknown>, tool?: string }[]} steps
 */
export function conversation(id, steps) {
  const messages = steps.map(({ result, user, call, tool = "tool" }, index) => {
    if (user !== undefined) return { role: "user", content: user };
    if (call === undefined) return { role: "tool", tool_call_id: `call_${index - 1}`, content: result };
    const made = { name: tool, arguments: JSON.stringify(call) };
    return { role: "assistant", content: null, tool_calls: [{ id: `call_${index}`, type: "function", function: made }] };
  });
  return `${JSON.stringify({ id, messages })}\n`;
}
