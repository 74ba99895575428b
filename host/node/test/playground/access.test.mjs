// The page by keyboard, for screen readers, in light and dark; and how it looks.

import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import { choose, example, root, start, violations } from "./browser.mjs";

/** How the page looks with the example loaded; also the picture in the README. */
const picture = join(root, "docs/playground.png");
/** Of a hundred pixels, as many may differ: fonts are drawn a little differently from machine to machine. */
const TOLERANCE = 1;

/** @type {Awaited<ReturnType<typeof start>>} */
let chromium;

before(async () => {
  chromium = await start();
});

after(() => chromium.stop());

for (const colorScheme of /** @type {const} */ (["light", "dark"])) {
  test(`in ${colorScheme}: no state of the page has a violation that axe knows of, contrast included`, async () => {
    const { page } = await chromium.page({ colorScheme });
    const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
    assert.equal(ground, colorScheme === "light" ? "rgb(250, 249, 246)" : "rgb(21, 23, 26)");
    assert.deepEqual(await violations(page), []);
    await example(page);
    for (const details of await page.locator("details summary").all()) if (await details.isVisible()) await details.click();
    assert.deepEqual(await violations(page), []);
    await choose(page, { "broken.jsonl": "{\n" });
    assert.deepEqual(await violations(page), []);
    await page.getByRole("tab", { name: "By hand" }).click();
    await page.getByRole("button", { name: "Observe" }).click();
    await page.getByRole("button", { name: "Check" }).click();
    await page.waitForSelector("#h1 .finding");
    await page.locator("#policy-form summary").click();
    await page.getByLabel("As JSON; empty for the default").fill("{");
    await page.getByRole("button", { name: "Start again under this policy" }).click();
    await page.waitForFunction(() => document.getElementById("hand-problem")?.textContent !== "");
    assert.deepEqual(await violations(page), []);
  });
}

test("by keyboard alone: the example, its findings, the source of a twin and the way back, the other tab", async () => {
  const { page } = await chromium.page();
  const focused = () => page.evaluate(() => document.activeElement?.id || document.activeElement?.textContent);
  /** @param {...string} keys */
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
    return focused();
  };
  /** The focus is to be seen wherever it is. */
  const visible = () =>
    page.evaluate(() => {
      const at = document.activeElement?.id === "files" ? document.querySelector("label.button") : document.activeElement;
      return at !== null && getComputedStyle(at).outlineStyle !== "none";
    });
  assert.equal(await press("Tab"), "Skip to the content");
  assert.equal(await press("Enter"), "main");
  assert.equal(await press("Shift+Tab"), "traces-tab");
  assert.ok(await visible());
  assert.equal(await press("Tab"), "files");
  assert.ok(await visible());
  assert.equal(await press("Tab"), "example-button");
  await press("Enter");
  await page.waitForSelector("#steps .finding");
  assert.equal(await press("Tab"), "telling");
  assert.match((await press("Tab")) ?? "", /^blockrefund-wrong-account/);
  assert.match((await press("ArrowDown")) ?? "", /^allowrefund-right-account/);
  assert.ok(await visible());
  await press("Enter");
  await page.waitForSelector("#nothing:not([hidden])");
  await press("Home", " ");
  await page.waitForSelector("#steps .finding");
  assert.equal(await press("Tab"), "acct_7H9j2");
  assert.match((await press("Enter")) ?? "", /^t6-\d+$/);
  assert.ok(await visible());
  assert.equal(await press("Tab"), "/account_id");
  assert.equal(await press("Tab"), "result of search_customer, turn 3");
  assert.match((await press("Enter")) ?? "", /^t3-\d+$/);
  assert.equal(await press("Shift+Tab"), "Back to where you were");
  assert.equal(await press("Enter"), "result of search_customer, turn 3");
  await page.locator("#traces-tab").focus();
  assert.equal(await press("ArrowRight"), "hand-tab");
  assert.ok(await page.isVisible("#hand"));
  assert.ok(await page.isHidden("#traces"));
  assert.equal(await press("Home"), "traces-tab");
});

test("results are announced", async () => {
  const { page } = await chromium.page();
  for (const id of ["traces-status", "hand-status"]) assert.equal(await page.getAttribute(`#${id}`, "role"), "status");
  assert.equal(await page.getAttribute("#hand-problem", "role"), "alert");
  const tree = await page.locator("body").ariaSnapshot();
  assert.match(tree, /tablist "What to look at"/);
  assert.match(tree, /tab "Recorded conversations" \[selected\]/);
  assert.match(tree, /tabpanel "Recorded conversations"/);
});

test("on a narrow screen nothing runs over the edge", async () => {
  const { page } = await chromium.page({ viewport: { width: 320, height: 640 } });
  await example(page);
  const over = () => page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  assert.equal(await over(), 0);
  await page.getByRole("tab", { name: "By hand" }).click();
  assert.equal(await over(), 0);
});

// After a change that is meant to be seen: `TWINGUARD_BLESS=1 node --test test/playground/access.test.mjs`.
test("the example looks as in the picture", async () => {
  const { page } = await chromium.page({ viewport: { width: 1200, height: 860 }, colorScheme: "light" });
  await example(page);
  // Twice: what comes into view for the first time gets its real height.
  for (const _ of [1, 2]) {
    await page.evaluate(() => document.getElementById("t6")?.scrollIntoView({ block: "center" }));
    await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  }
  const taken = await page.screenshot({ animations: "disabled" });
  if (process.env["TWINGUARD_BLESS"] !== undefined || !existsSync(picture)) writeFileSync(picture, taken);
  const [is, expected] = [PNG.sync.read(taken), PNG.sync.read(readFileSync(picture))];
  const { width, height } = expected;
  assert.deepEqual([is.width, is.height], [width, height]);
  const difference = new PNG({ width, height });
  const pixels = pixelmatch(is.data, expected.data, difference.data, width, height, { threshold: 0.2 });
  const percent = (100 * pixels) / (width * height);
  if (percent > TOLERANCE) {
    writeFileSync(join(root, "target/playground-is.png"), taken);
    writeFileSync(join(root, "target/playground-difference.png"), PNG.sync.write(difference));
  }
  assert.ok(percent <= TOLERANCE, `${percent.toFixed(1)} % differ; look at target/playground-is.png and target/playground-difference.png`);
});
