// The report by keyboard, for screen readers, in light and dark, on narrow screens and on paper; and how it looks.

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { root, start, violations } from "../playground/browser.mjs";
import { folder, open, report } from "./report.mjs";
import { runs } from "./runs.mjs";

/** Of a hundred pixels, as many may differ: fonts are drawn a little differently from machine to machine. */
const TOLERANCE = 1;

/** @type {Awaited<ReturnType<typeof start>>} */
let chromium;
let url = "";

before(async () => {
  chromium = await start();
  url = report("picture", runs(1_200));
});

after(() => chromium.stop());

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`in ${colorScheme}: no state of the page has a violation that axe knows of, contrast included`, async () => {
    const { page } = await chromium.page({ url, colorScheme });
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(ground, colorScheme === "light" ? "rgb(250, 249, 246)" : "rgb(21, 23, 26)");
    assert.deepEqual(await violations(page), []);
    for (const summary of await page.locator("summary").all()) await summary.click();
    await open(page);
    assert.deepEqual(await violations(page), []);
    await page.getByLabel("Search").fill("nothing is called like this");
    assert.deepEqual(await violations(page), []);
    // The other colours, by the page's own button.
    await page.getByRole("button", { name: /colours$/ }).click();
    await page.getByLabel("Search").fill("");
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), ground);
    assert.deepEqual(await violations(page), []);
    const { page: broken } = await chromium.page({ url: report("issues", `${runs(1)}{\n`), colorScheme });
    assert.ok(await broken.isVisible("#issues"));
    assert.deepEqual(await violations(broken), []);
    await page.reload();
    assert.notEqual(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), ground);
  });
}

test("by keyboard alone: every control, in the order in which it is read", async () => {
  const { page, errors } = await chromium.page({ url });
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  /** @param {...string} keys */
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
    return page.evaluate(() => {
      const at = document.activeElement;
      if (at === null || getComputedStyle(at).outlineStyle === "none") return `not to be seen: ${at?.outerHTML.slice(0, 80)}`;
      return at.id || at.textContent?.trim() || at.getAttribute("aria-labelledby");
    });
  };
  assert.equal(await press("Tab"), "Skip to the findings");
  assert.equal(await press("Tab"), "theme");
  const dark = () => page.evaluate(() => document.documentElement.dataset["theme"]);
  await press("Enter");
  assert.equal(await dark(), "dark");
  await press(" ");
  assert.equal(await dark(), "light");
  assert.equal(await press("Tab"), "The same as a table");
  await press("Enter");
  assert.ok(await page.isVisible(".wide table"));
  // The names in a chart lead to their findings.
  assert.equal(await press("Tab"), await page.locator('section[aria-labelledby="chart-model"] button').first().textContent());
  await press("Enter");
  await page.waitForFunction(() => document.activeElement?.id === "by-model");
  assert.notEqual(await page.inputValue("#by-model"), "");
  await press("Tab", "Tab", "Tab");
  assert.equal(await press("Enter"), "clear");
  await page.waitForFunction(() => /** @type {HTMLSelectElement} */ (document.getElementById("by-model")).value === "");
  // The skip link leads past all that.
  await page.locator(".skip").focus();
  await press("Enter");
  for (const id of ["search", "by-decision", "by-relation", "by-model", "by-tool", "by-kind", "clear"])
    assert.equal(await press("Tab"), id);
  await page.locator("#by-relation").focus();
  await page.keyboard.press("ArrowDown");
  assert.notEqual(await page.inputValue("#by-relation"), "");
  await page.locator("#search").focus();
  await page.keyboard.type("run-0");
  await page.locator("#clear").focus();
  for (const name of ["Decision", "Relation", "Written, and seen", "Tool", "Model", "Kind", "When", "Conversation"]) {
    assert.equal(await press("Tab"), name);
  }
  await press(" ");
  assert.equal(await page.locator("#head").getByRole("columnheader", { name: "Conversation" }).getAttribute("aria-sort"), "ascending");
  await press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement?.className), "opener");
  await press("Enter");
  await page.waitForSelector(".detail");
  assert.equal(await page.evaluate(() => document.activeElement?.getAttribute("aria-expanded")), "true");
  assert.equal(await press("Tab"), "Copy as Markdown");
  await press("Enter");
  await page.waitForFunction(() => document.getElementById("announce")?.textContent === "Copied.");
  assert.equal(await press("Tab"), "Copy the command");
  await page.locator("#clear").focus();
  await press("Enter");
  await page.locator("#rows button.opener").last().focus();
  for (const id of ["previous", "page", "next"]) assert.equal(await press("Tab"), id);
  await press("Enter");
  assert.equal(await page.inputValue("#page"), "2");
  assert.deepEqual(errors, []);
});

test("marks, order and changes are told, too", async () => {
  const { page } = await chromium.page({ url });
  const tree = await page.locator("body").ariaSnapshot();
  assert.match(tree, /banner/);
  assert.match(tree, /main/);
  assert.match(tree, /search "Findings"/);
  assert.match(tree, /button "written .+ \(differs\).*, seen .+"/);
  for (const id of ["status", "announce"]) assert.equal(await page.getAttribute(`#${id}`, "role"), "status");
});

test("on a narrow screen nothing runs over the edge", async () => {
  const { page } = await chromium.page({ url, viewport: { width: 320, height: 640 } });
  await open(page);
  const over = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(await over(), 0);
  const width = await page.locator(".detail").evaluate((detail) => detail.getBoundingClientRect().width);
  assert.ok(width <= 320, `${width}`);
});

test("on paper it is light, and without controls", async () => {
  const { page } = await chromium.page({ url, colorScheme: "dark" });
  await open(page);
  await page.emulateMedia({ media: "print" });
  assert.equal(await page.evaluate(() => getComputedStyle(document.documentElement).colorScheme), "light");
  for (const id of ["theme", "filters", "pages"]) assert.equal(await page.isVisible(`#${id}`), false, id);
  assert.ok(await page.isVisible(".detail .ladder"));
});

// After a change that is meant to be seen: `TWINGUARD_BLESS=1 node --test test/report/access.test.mjs`.
for (const { name, height, act } of [
  { name: "report", height: 890, act: async () => {} },
  {
    name: "report-finding",
    height: 1000,
    act: async (/** @type {import("playwright-core").Page} */ page) => {
      await page.locator("#rows button.opener", { hasText: "acct_" }).first().click();
      await page.waitForSelector("#rows .detail");
      await page.evaluate(() => document.querySelector(".opened")?.previousElementSibling?.scrollIntoView());
    },
  },
]) {
  test(`it looks as in docs/${name}.png`, async () => {
    const { page } = await chromium.page({ url, viewport: { width: 1280, height }, colorScheme: "light" });
    await act(page);
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
    const taken = await page.screenshot({ animations: "disabled" });
    const picture = join(root, `docs/${name}.png`);
    if (process.env["TWINGUARD_BLESS"] !== undefined || !existsSync(picture)) writeFileSync(picture, taken);
    const [is, expected] = [PNG.sync.read(taken), PNG.sync.read(readFileSync(picture))];
    const { width } = expected;
    assert.deepEqual([is.width, is.height], [width, expected.height]);
    const difference = new PNG({ width, height });
    const pixels = pixelmatch(is.data, expected.data, difference.data, width, height, { threshold: 0.2 });
    const percent = (100 * pixels) / (width * height);
    if (percent > TOLERANCE) {
      writeFileSync(join(folder, `${name}-is.png`), taken);
      writeFileSync(join(folder, `${name}-difference.png`), PNG.sync.write(difference));
    }
    assert.ok(percent <= TOLERANCE, `${percent.toFixed(1)} % differ; look at target/report/${name}-is.png and -difference.png`);
  });
}
