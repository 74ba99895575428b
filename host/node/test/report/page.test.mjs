// What somebody does with a report: reads rates, filters and sorts findings, opens one, takes the postmortem away.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, before, test } from "node:test";
import { conversation as plain, start } from "../playground/browser.mjs";
import { folder, open, program, report } from "./report.mjs";
import { runs } from "./runs.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let chromium;
/** Of several models, tools and weeks. */
let url = "";

before(async () => {
  chromium = await start();
  url = report("several", runs(600, { slips: 4 }));
});

after(() => chromium.stop());

/** The decisions, relations, values and the like of the rows that are shown. @param {import("playwright-core").Page} page @param {number} column */
const cells = (page, column) => page.locator(`#rows .finding > :nth-child(${column})`).allInnerTexts();

/** How many findings the page says it shows. @param {import("playwright-core").Page} page */
async function count(page) {
  return Number((await page.textContent("#status"))?.replace(/[, ].*$|,/g, "") ?? "");
}

test("it asks for nothing but itself, and complains of nothing", async () => {
  const { page, requests, errors } = await chromium.page({ url });
  await open(page);
  assert.deepEqual(requests, [url]);
  assert.deepEqual(errors, []);
  const sent = await page.evaluate(() => fetch("https://example.com/").then(String, () => "refused"));
  assert.equal(sent, "refused");
});

test("rates stand at the top and in every chart, with their intervals", async () => {
  const { page } = await chromium.page({ url });
  assert.match(
    (await page.textContent("#interval")) ?? "",
    /^\d+ substitutions in 3,\d{3} identifiers copied; 95 % interval [\d.]+ to [\d.]+$/,
  );
  const titles = await page.locator("#charts h3").allTextContents();
  assert.deepEqual(titles, ["By week", "By model", "By tool", "By kind of identifier", "By what came out"]);
  for (const chart of ["model", "tool", "kind", "relation"]) {
    const rows = page.locator(`section[aria-labelledby="chart-${chart}"] tbody tr`);
    for (const row of await rows.all()) {
      const [rate, interval] = [await row.locator("strong").textContent(), await row.locator("td.number").nth(1).textContent()];
      const [low, high] = (interval ?? "").split(" – ").map(Number);
      assert.ok(Number(rate) >= (low ?? 0) && Number(rate) <= (high ?? 0), `${rate} in ${interval}`);
    }
  }
  assert.equal(await page.locator(".week circle").count(), 10);
  await page.getByText("The same as a table").click();
  assert.equal(await page.locator(".wide tbody tr").count(), 10);
});

test("findings are filtered by every field, by a search, and by a name in a chart", async () => {
  const { page } = await chromium.page({ url });
  const all = await count(page);
  for (const [label, column] of /** @type {const} */ ([
    ["Relation", 2],
    ["Model", 5],
    ["Tool", 4],
    ["Kind", 6],
    ["Decision", 1],
  ])) {
    const select = page.locator("#filters").getByLabel(label);
    const [, choice] = await select.locator("option").all();
    const value = await choice?.getAttribute("value");
    assert.ok(value);
    await select.selectOption(value);
    assert.equal(`${value} (${await count(page)})`, await choice?.textContent());
    for (const cell of await cells(page, column)) assert.equal(cell.split("\n")[0], value);
    await page.getByRole("button", { name: "Show all", exact: true }).click();
    await page.waitForFunction((all) => document.getElementById("status")?.textContent?.startsWith(`${all} `), all);
  }
  const [trace] = (await page.locator("#rows .trace span").first().allInnerTexts()) ?? [];
  await page.getByLabel("Search").fill(` ${trace?.toUpperCase()} `);
  assert.ok((await cells(page, 8)).every((cell) => cell.startsWith(trace ?? "?")));
  await page.getByLabel("Search").fill("nothing is called like this");
  assert.equal(await page.textContent("#status"), `0 of ${all} findings.`);
  await page.locator('section[aria-labelledby="chart-model"] button').first().click();
  await page.waitForFunction(() => !document.getElementById("status")?.textContent?.startsWith("0 "));
  assert.equal(await page.evaluate(() => document.activeElement?.id), "by-model");
});

test("findings are sorted both ways by every column, and the head says so", async () => {
  const { page } = await chromium.page({ url });
  for (const name of ["Relation", "Written, and seen", "Tool", "Model", "Kind", "When", "Conversation", "Decision"]) {
    const head = page.locator("#head").getByRole("columnheader", { name });
    await head.getByRole("button").click();
    assert.equal(await head.getAttribute("aria-sort"), "ascending");
    await head.getByRole("button").click();
    assert.equal(await head.getAttribute("aria-sort"), "descending");
    assert.equal(await page.locator("#head [aria-sort]").count(), 1);
  }
  await page.locator("#head").getByRole("columnheader", { name: "When" }).getByRole("button").click();
  const days = await page.locator("#rows time").evaluateAll((times) => times.map((time) => time.getAttribute("title") ?? ""));
  assert.ok(days.length > 10);
  assert.deepEqual(days, days.toSorted());
});

test("pages turn, by button and by number", async () => {
  const { page } = await chromium.page({ url });
  const pages = Math.ceil((await count(page)) / 50);
  assert.ok(pages > 1);
  const first = await page.locator("#rows tr").first().getAttribute("id");
  await page.getByRole("button", { name: "Next" }).click();
  assert.notEqual(await page.locator("#rows tr").first().getAttribute("id"), first);
  await page.getByLabel("Page of").fill("9999");
  await page.keyboard.press("Enter");
  assert.equal(await page.inputValue("#page"), String(pages));
  assert.equal(await page.getAttribute("#next", "aria-disabled"), "true");
  await page.getByLabel("Page of").fill("1");
  await page.keyboard.press("Enter");
  assert.equal(await page.locator("#rows tr").first().getAttribute("id"), first);
});

test("a finding opens with its conversation, its differing characters and its postmortem, and has an address", async () => {
  const { page } = await chromium.page({ url });
  await open(page, 3);
  const detail = page.locator(".detail");
  assert.deepEqual(await detail.locator("h4").allTextContents(), ["The conversation", "Postmortem"]);
  assert.match((await detail.locator(".step.seen .who").textContent()) ?? "", /here the value stood/);
  assert.ok((await detail.locator(".step.call mark.written").count()) > 0);
  assert.ok((await detail.locator(".step.seen mark.seen").count()) > 0);
  assert.match((await detail.locator(".ladder .here").textContent()) ?? "", /^the model's inferenceWent wrong: it was to copy/);
  const address = page.url();
  assert.match(address, /#finding-\d+$/);
  const title = await detail.locator("h3").textContent();
  const { page: other } = await chromium.page({ url: address });
  await other.waitForSelector(".detail");
  assert.equal(await other.locator(".detail h3").textContent(), title);
  await page.locator("#rows button.opener").nth(3).click();
  assert.equal(await detail.count(), 0);
});

test("what is copied is the postmortem, and its command shows the finding again", async () => {
  const { page } = await chromium.page({ url });
  await page.context().grantPermissions(["clipboard-read", "clipboard-write"]);
  await open(page);
  await page.getByRole("button", { name: "Copy as Markdown" }).click();
  await page.waitForFunction(() => document.getElementById("announce")?.textContent === "Copied.");
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert.match(text, /^# Postmortem: `.+` for `.+` in a call of /);
  for (const part of ["What the model was shown", "What it wrote", "What would have happened", "Where it went wrong", "To replay it"]) {
    assert.ok(text.includes(`\n## ${part}\n`), part);
  }
  assert.match(text, /\n\| \*\*the model's inference\*\* \| Went wrong: /);
  assert.doesNotMatch(text, /\(differs\)/);
  await page.getByRole("button", { name: "Copy the command" }).click();
  await page.waitForFunction(async () => (await navigator.clipboard.readText()).startsWith("twinguard"));
  const command = await page.evaluate(() => navigator.clipboard.readText());
  assert.ok(text.includes(command));
  const again = spawnSync("sh", ["-c", command.replace(/^twinguard/, `"${program}"`)], { cwd: folder, encoding: "utf8" });
  assert.equal(again.status, 1, again.stderr);
  assert.match(again.stdout, /\n1 trace, /);
});

test("without scripts there are the numbers", async () => {
  const { page } = await chromium.page({ url, javaScriptEnabled: false });
  const text = (await page.textContent("main")) ?? "";
  assert.match(text, /600 traces, 4200 calls, 3600 identifiers: \d+ block/);
  assert.match(text, /substituted: [\d.]+ per 10,000 \(95 % interval [\d.]+ to [\d.]+\)/);
  assert.equal(await page.isVisible("#filters"), false);
});

test("of nothing to report it says so", async () => {
  const { page, errors } = await chromium.page({
    url: report("clean", plain("clean", [{ user: "acct_7H9j3" }, { call: { id: "acct_7H9j3" } }])),
  });
  assert.match((await page.textContent("#status")) ?? "", /^Nothing to report/);
  assert.equal(await page.textContent("#rate"), "0");
  const { page: none } = await chromium.page({ url: report("none", plain("none", [{ user: "hello" }])) });
  assert.match((await none.textContent("#interval")) ?? "", /^No call copied an identifier/);
  assert.deepEqual(errors, []);
});

test("what could not be read is named", async () => {
  const { page } = await chromium.page({ url: report("broken", `${plain("whole", [{ user: "hello" }])}{"messages": [\n<b>\n`) });
  assert.match((await page.textContent("#issues-title")) ?? "", /^\d parts? of the input could not be read/);
  assert.match((await page.textContent("#issues-list")) ?? "", /broken\.jsonl, line 2/);
});

test("under a baseline the table has what is new, and the rates everything", async () => {
  const known = spawnSync(program, ["verify", "--write-baseline", "known.json", "several.jsonl"], { cwd: folder });
  assert.equal(known.status, 0, String(known.stderr));
  const { page } = await chromium.page({ url: report("known", runs(600, { slips: 4 }), "--baseline", "known.json") });
  assert.match((await page.textContent("#status")) ?? "", /^Nothing new/);
  const { page: all } = await chromium.page({ url });
  assert.equal(await page.textContent("#interval"), await all.textContent("#interval"));
});

const ATTACKS = [
  "</script><script>globalThis.pwned = 1</script>",
  "<img src=x onerror='globalThis.pwned = 1'>",
  '"><svg onload="globalThis.pwned = 1">',
  "<!--<script>",
  "{{script}}{{totals}}{{without}}",
  "javascript:globalThis.pwned=1",
  "`|\n# ](x)<b>",
];

test("markup in any field of a trace stays text", async () => {
  const lines = ATTACKS.map((attack, at) => {
    const given = JSON.stringify({ [attack]: `acct_7H9j2 ${attack}`, id: "acct_7H9j2" });
    const messages = [
      { role: "user", content: `${attack} acct_7H9j3` },
      { role: "assistant", content: null, tool_calls: [{ id: attack, type: "function", function: { name: attack, arguments: given } }] },
      { role: "tool", tool_call_id: attack, name: attack, content: JSON.stringify({ [attack]: attack }) },
    ];
    return JSON.stringify({ id: `${at} ${attack}`, model: attack, created_at: attack, messages });
  });
  const { page, requests, errors } = await chromium.page({ url: report("hostile", `${lines.join("\n")}\n`) });
  const elements = () =>
    page.evaluate(() => document.querySelectorAll("img, iframe, object, embed, body style, b, script:not([type])").length);
  // The page's own script.
  assert.equal(await elements(), 1);
  const buttons = await page.locator("#rows button.opener").count();
  assert.ok(buttons >= ATTACKS.length);
  for (let n = 0; n < buttons; n++) await page.locator("#rows button.opener").nth(n).click();
  await page.waitForFunction((n) => document.querySelectorAll("#rows .detail").length === n, buttons);
  const text = (await page.textContent("body")) ?? "";
  for (const attack of ATTACKS) assert.ok(text.includes(attack.replace("\n", "\\n")), attack);
  assert.equal(await elements(), 1);
  assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).pwned), undefined);
  assert.equal(requests.length, 1);
  assert.deepEqual(errors, []);
});

test("what nobody sees is spelt out, and secrets are left out", async () => {
  const steps = [
    { user: 'my password: "hunter2hunter2"' },
    { call: { q: "Ada" }, tool: "find" },
    { result: JSON.stringify({ id: "acct_7H9j3", api_key: "hunter2hunter2", note: "sk-live-hunter2hunter2" }) },
    { call: { account_id: "acct_7H9\u200bj3", token: "sk-live-hunter2hunter2" }, tool: "refund" },
    { result: "Authorization: Bearer hunter2hunter2" },
  ];
  const { page } = await chromium.page({ url: report("secrets", plain("secrets", steps)) });
  await open(page);
  const text = (await page.textContent("#rows")) ?? "";
  assert.match(text, /acct_7H9\\u\{200b\}/);
  assert.doesNotMatch(text, /ter2/);
  assert.match(text, /\[credential\]/);
});
