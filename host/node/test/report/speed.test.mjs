// 10,000 traces with 50,000 findings: opened, filtered and sorted before anybody minds.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { start } from "../playground/browser.mjs";
import { open, report } from "./report.mjs";
import { runs } from "./runs.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let chromium;
let url = "";

before(async () => {
  chromium = await start();
  // A model that copies nothing rightly.
  url = report("large", runs(10_300, { calls: 5, slips: 10_000 }));
});

after(() => chromium.stop());

test("the first row is there within two seconds, and a filter or an order within one", async () => {
  const times = [];
  // The best of three: a machine that builds something else at the same time is no slow page.
  for (const _ of [1, 2, 3]) {
    const { page, errors } = await chromium.page({ url });
    const shown = await page.evaluate(async () => {
      while (performance.getEntriesByName("shown").length === 0) await new Promise((resolve) => setTimeout(resolve, 20));
      return performance.getEntriesByName("shown")[0]?.startTime ?? Number.NaN;
    });
    assert.ok(await page.isVisible("#rows .finding"));
    assert.match((await page.textContent("#status")) ?? "", /^5\d,\d{3} findings\.$/);
    times.push(Math.round(shown));
    await page.context().close();
    assert.deepEqual(errors, []);
  }
  console.log(`shown after ${times.join(", ")} ms`);
  assert.ok(Math.min(...times) < 2_000, `${times} ms`);

  const { page } = await chromium.page({ url });
  /** @param {string} what @param {() => void} act */
  const timed = async (what, act) => {
    const ms = await page.evaluate(`(() => { const start = performance.now(); (${act})(); return performance.now() - start; })()`);
    console.log(`${what}: ${Math.round(Number(ms))} ms`);
    assert.ok(Number(ms) < 1_000, `${what}: ${ms} ms`);
  };
  await timed("the first search", () => {
    const search = /** @type {HTMLInputElement} */ (document.getElementById("search"));
    search.value = "run-09999";
    search.dispatchEvent(new Event("input"));
  });
  assert.match((await page.textContent("#status")) ?? "", /^\d of /);
  await timed("another search", () => {
    const search = /** @type {HTMLInputElement} */ (document.getElementById("search"));
    search.value = "refund";
    search.dispatchEvent(new Event("input"));
  });
  await timed("an order", () => /** @type {HTMLElement} */ (document.querySelectorAll("#head button")[6]).click());
  await open(page);
  assert.equal(await page.locator("#rows .finding").count(), 50);
});
