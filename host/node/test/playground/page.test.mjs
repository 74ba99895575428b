// What somebody does on the page: files, conversations, findings, and a session by hand.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { gzipSync } from "node:zlib";
import { choose, conversation, example, file, root, serve, start } from "./browser.mjs";

const refund = readFileSync(join(root, "examples/refund.jsonl"));

/** @type {Awaited<ReturnType<typeof start>>} */
let chromium;
/** @type {Awaited<ReturnType<typeof serve>>} */
let server;

before(async () => {
  chromium = await start();
  server = await serve();
});

after(async () => {
  server.stop();
  await chromium.stop();
});

for (const scheme of ["file", "http"]) {
  test(`from ${scheme}: the example shows its twin, and nothing is asked for but the page`, async () => {
    const url = scheme === "file" ? file : server.url;
    const { page, requests, errors } = await chromium.page({ url });
    await example(page);
    assert.equal(await page.textContent("#traces-status"), "2 conversations, 6 calls; block in 1.");
    assert.equal(await page.textContent("#conversation-title"), "refund-wrong-account");
    assert.equal(await page.textContent("#steps mark.telling"), "acct_7H9j2");
    assert.equal(await page.textContent("#steps mark.telling del"), "2");
    assert.equal(await page.textContent(".finding ins"), "3");
    assert.match((await page.textContent(".finding .message")) ?? "", /was never shown in this conversation/);
    assert.deepEqual(
      requests.filter((request) => !request.startsWith("blob:") && !request.startsWith("data:")),
      [url],
    );
    assert.deepEqual(errors, []);
  });
}

test("the page has no way to send anything, and neither has its worker", async () => {
  const { page } = await chromium.page({ url: server.url });
  const before = server.asked.length;
  const tried = await page.evaluate(async () => {
    const beacon = new Promise((resolve) => addEventListener("securitypolicyviolation", resolve, { once: true }));
    navigator.sendBeacon("/beacon", "x");
    await beacon;
    new Image().src = "/image";
    return fetch("/fetch").then(
      () => "sent",
      () => "refused",
    );
  });
  assert.equal(tried, "refused");
  const code = "fetch(`SERVER/worker`).then(() => postMessage('sent'), () => postMessage('refused'))";
  const inWorker = await page.evaluate((code) => {
    const blob = new Blob([code.replace("SERVER", location.origin)], { type: "text/javascript" });
    const url = URL.createObjectURL(blob);
    // The page made the only policy that may do this, so here there is none.
    try {
      new Worker(url);
      return "started";
    } catch {
      return "refused";
    }
  }, code);
  assert.equal(inWorker, "refused");
  assert.deepEqual(server.asked.slice(before), []);
});

test("every identifier is marked, an echo as one that proves nothing", async () => {
  const { page } = await chromium.page();
  await example(page);
  const marks = await page.$$eval("#steps mark:not(.telling):not(.echo)", (all) => all.map((mark) => mark.textContent));
  for (const shown of ["ORD-55-204817", "mara.lindqvist@example.com", "acct_7H9j3", "acct_Qw81z", "MUG-BLUE-2"])
    assert.ok(marks.includes(shown), shown);
  assert.deepEqual(await page.$$eval("#steps mark.echo", (all) => all.map((mark) => mark.textContent)), ["acct_7H9j2"]);
});

test("a sighting leads to where the value was seen, and back", async () => {
  const { page } = await chromium.page();
  await example(page);
  const link = page.getByRole("link", { name: "result of search_customer, turn 3" });
  await link.click();
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "acct_7H9j3");
  const step = page.locator(".step", { has: page.locator(":focus") });
  assert.match((await step.textContent()) ?? "", /^Result of search_customer/);
  await page.getByRole("button", { name: "Back to where you were" }).click();
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "result of search_customer, turn 3");
});

test("the list chooses a conversation, and shows only those with findings when asked", async () => {
  const { page } = await chromium.page();
  await example(page);
  assert.deepEqual(await page.$$eval('[role="option"] .badge', (all) => all.map((badge) => badge.textContent)), ["block", "allow"]);
  await page.getByRole("option", { name: /refund-right-account/ }).click();
  await page.waitForSelector("#nothing:not([hidden])");
  assert.equal(await page.textContent("#conversation-title"), "refund-right-account");
  assert.equal(await page.locator(".finding").count(), 0);
  await page.getByLabel("Only those with findings").check();
  assert.equal(await page.getByRole("option").count(), 1);
});

test("files may be dropped, several at once, packed or not; what cannot be read is listed", async () => {
  const { page, errors } = await chromium.page();
  const files = {
    "a.jsonl.gz": gzipSync(refund).toString("base64"),
    "b.jsonl": Buffer.from(`${conversation("fine", [{ user: "hello" }])}{"broken": \n`).toString("base64"),
    "c.zip": Buffer.from("PK\x03\x04....").toString("base64"),
    "d.gz": gzipSync(refund).subarray(0, 200).toString("base64"),
  };
  await page.evaluate((files) => {
    const data = new DataTransfer();
    for (const [name, base64] of Object.entries(files))
      data.items.add(new File([Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))], name));
    const drop = document.getElementById("drop");
    drop?.dispatchEvent(new DragEvent("dragover", { bubbles: true, cancelable: true, dataTransfer: data }));
    drop?.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: data }));
  }, files);
  await page.waitForSelector("#issues:not([hidden])");
  await page.waitForSelector("#steps .finding");
  assert.match((await page.textContent("#traces-status")) ?? "", /^3 conversations, 6 calls; block in 1; 3 places could not be read\.$/);
  const issues = await page.$$eval("#issues li", (all) => all.map((issue) => issue.textContent ?? ""));
  assert.equal(issues.length, 3);
  assert.match(issues[0] ?? "", /^b\.jsonl, line 2 /);
  assert.match(issues[1] ?? "", /^c\.zip .*zip archive.*unpack it first/);
  assert.match(issues[2] ?? "", /^d\.gz /);
  assert.deepEqual(errors, []);
});

test("a call of a message that was cut off says so, beside its findings", async () => {
  const { page, errors } = await chromium.page();
  const cut = conversation("cut", [{ user: "Cancel ORD-55-204817." }, { call: { id: "ORD-55-204817" } }]);
  await choose(page, { "cut.jsonl": cut.replace('"content":null', '"content":null,"finish_reason":"length"') });
  await page.waitForSelector("#t1");
  assert.equal(await page.textContent("#traces-status"), "1 conversation, 1 call; warn in 1.");
  assert.equal(await page.textContent("#t1 header .badge"), "warn");
  assert.match((await page.textContent("#t1 .note")) ?? "", /^The message with this call ended by a limit on its length/);
  assert.equal(await page.textContent("#t1 mark"), "ORD-55-204817");
  assert.deepEqual(errors, []);
});

test("marks stand where the identifiers stand: escapes, nested JSON, tables, several documents", async () => {
  const { page } = await chromium.page();
  const steps = [
    { user: "naïve 😀 acct_7H9j3" },
    { call: { note: 'say "é" ORD-55-204817', nested: '{"id":"acct_Qw81z"}' } },
    { result: '{"a":"\\u00e9\\ud83d\\ude00 acct_Aa11b","b":"{\\"x\\":\\"é acct_Bb22c\\"}"}' },
    { call: {} },
    { result: "id | name\n---|---\nacct_Cc33d | Bob\nacct_Dd44e | Al" },
    { call: {} },
    { result: '{"id":"acct_Ee55f"}\n{"id":"acct_Ff66g"}\nkey: acct_Gg77h' },
  ];
  await choose(page, { "marks.jsonl": conversation("marks", steps) });
  const marks = await page.$$eval("#steps mark", (all) => all.map((mark) => mark.textContent));
  const letters = ["Aa11b", "Bb22c", "Cc33d", "Dd44e", "Ee55f", "Ff66g", "Gg77h"].map((body) => `acct_${body}`);
  assert.deepEqual(marks, ["acct_7H9j3", "ORD-55-204817", "acct_Qw81z", ...letters]);
});

test("by hand: a twin is stopped, the right value passes, reset forgets, a policy decides", async () => {
  const { page, errors } = await chromium.page();
  await page.getByRole("tab", { name: "By hand" }).click();
  await page.getByRole("button", { name: "Observe" }).click();
  await page.waitForSelector("#h0");
  await page.getByRole("button", { name: "Check" }).click();
  await page.waitForSelector("#h1 .finding");
  assert.equal(await page.textContent("#h1 header .badge"), "block");
  assert.match((await page.textContent("#hand-status")) ?? "", /^Turn 1: block\. `acct_7H9j2`/);
  await page.getByRole("link", { name: "result of search_customer, turn 0" }).click();
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "acct_7H9j3");

  await page.getByLabel("Arguments, as JSON").fill('{"account_id": "acct_7H9j3"}');
  await page.getByRole("button", { name: "Check" }).click();
  await page.waitForSelector("#h2");
  assert.match((await page.textContent("#h2 header")) ?? "", /allowed/);

  await page.getByLabel("Arguments, as JSON").fill('{"account_id": "acct_7H9j2"}');
  await page.getByRole("button", { name: "Reset" }).click();
  await page.waitForSelector("#hand-empty:not([hidden])");
  await page.getByRole("button", { name: "Check" }).click();
  await page.waitForSelector("#h0.call");
  assert.match((await page.textContent("#h0 header")) ?? "", /allowed/);

  await page.getByText("Policy", { exact: true }).click();
  await page.getByLabel("As JSON; empty for the default").fill('{"decisions": {"twin": "ask"}}');
  await page.getByRole("button", { name: "Start again under this policy" }).click();
  await page.waitForSelector("#hand-empty:not([hidden])");
  await page.getByRole("button", { name: "Observe" }).click();
  await page.getByRole("button", { name: "Check" }).click();
  await page.waitForSelector("#h1 .finding");
  assert.equal(await page.textContent("#h1 header .badge"), "ask");

  await page.getByLabel("As JSON; empty for the default").fill('{"decisions": {"twins": "ask"}}');
  await page.getByRole("button", { name: "Start again under this policy" }).click();
  await page.waitForFunction(() => document.getElementById("hand-problem")?.textContent !== "");
  assert.match((await page.textContent("#hand-problem")) ?? "", /invalid policy: .*twins/);
  assert.deepEqual(errors, []);
});

test("a long conversation does not hold up the page", async () => {
  const { page } = await chromium.page();
  const steps = Array.from({ length: 500 }, (_, index) => [
    { call: { order_id: `ORD-${10_000 + index * 7}`, note: "look it up" } },
    { result: JSON.stringify({ id: `ORD-${10_000 + index * 7}`, next: `ORD-${10_007 + index * 7}`, text: "word ".repeat(200) }) },
  ]).flat();
  await page.evaluate(() => {
    const gaps = { longest: 0, last: performance.now() };
    Object.assign(globalThis, { gaps });
    setInterval(() => {
      const now = performance.now();
      gaps.longest = Math.max(gaps.longest, now - gaps.last);
      gaps.last = now;
    }, 10);
  });
  await choose(page, { "long.jsonl": conversation("long", steps) });
  await page.waitForSelector("#t999");
  assert.equal(await page.locator(".step").count(), 1_000);
  const longest = await page.evaluate(() => /** @type {any} */ (globalThis).gaps.longest);
  // A page that did all of it at once would stand still for seconds.
  assert.ok(longest < 1_000, `${longest} ms without a breath`);
});

test("what takes too long can be stopped, and the page goes on", async () => {
  const { page } = await chromium.page();
  await page.getByRole("tab", { name: "By hand" }).click();
  // Without a limit of fuel this takes longer than anyone waits.
  await page.evaluate(() => {
    const field = document.getElementById("arguments");
    if (field instanceof HTMLTextAreaElement)
      field.value = JSON.stringify({ text: "A long sentence without any number in it. ".repeat(250_000) });
  });
  await page.getByRole("button", { name: "Check" }).click();
  await page.getByRole("button", { name: "Stop" }).click();
  assert.match((await page.textContent("#hand-problem")) ?? "", /^Stopped\./);
  await page.getByRole("button", { name: "Observe" }).click();
  await page.waitForSelector("#h0 mark");
});
