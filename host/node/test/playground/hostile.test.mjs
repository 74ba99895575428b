// Traces are what somebody else wrote: on the page they are text, whatever they say.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { choose, conversation, start } from "./browser.mjs";

/** @type {Awaited<ReturnType<typeof start>>} */
let chromium;

before(async () => {
  chromium = await start();
});

after(() => chromium.stop());

const ATTACKS = [
  "<script>globalThis.pwned = 1</script>",
  "<img src=x onerror='globalThis.pwned = 1'>",
  '"><svg onload="globalThis.pwned = 1">',
  "</script></pre><iframe srcdoc='<script>parent.pwned = 1</script>'></iframe>",
  "javascript:globalThis.pwned=1",
  "{{constructor.constructor('globalThis.pwned = 1')()}}",
];

test("markup in any field of a trace stays text", async () => {
  for (const attack of ATTACKS) {
    const { page, errors } = await chromium.page();
    const elements = () => page.evaluate(() => document.querySelectorAll("script, img, svg, iframe, object, embed, style").length);
    const before = await elements();
    const messages = [
      { role: "system", content: attack },
      { role: "user", content: `${attack} acct_7H9j3` },
      {
        role: "assistant",
        content: null,
        tool_calls: [
          {
            id: attack,
            type: "function",
            function: { name: attack, arguments: JSON.stringify({ [attack]: `acct_7H9j2 ${attack}`, id: "acct_7H9j2" }) },
          },
        ],
      },
      { role: "tool", tool_call_id: attack, name: attack, content: JSON.stringify({ [attack]: attack }) },
    ];
    const name = `${attack.replaceAll("/", "∕")}.jsonl`;
    await choose(page, { [name]: `${JSON.stringify({ id: attack, model: attack, messages })}\n${attack}\n` });
    await page.waitForSelector("#steps .finding");
    assert.ok((await page.textContent("#t0 pre"))?.includes(attack));
    assert.equal(await page.textContent("#conversation-title"), attack);
    assert.equal(await elements(), before);
    assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).pwned), undefined);
    assert.equal(
      await page.evaluate(() => [...document.querySelectorAll("a")].every((link) => !link.href.startsWith("javascript:"))),
      true,
    );
    assert.deepEqual(errors, []);
    await page.context().close();
  }
});

test("markup typed by hand stays text", async () => {
  const { page } = await chromium.page();
  await page.getByRole("tab", { name: "By hand" }).click();
  for (const [index, attack] of ATTACKS.entries()) {
    await page.getByLabel("Content").fill(attack);
    await page.getByRole("button", { name: "Observe" }).click();
    await page.waitForSelector(`#h${index}`);
    assert.equal(await page.textContent(`#h${index} pre`), attack);
  }
  assert.equal(await page.evaluate(() => /** @type {any} */ (globalThis).pwned), undefined);
});

test("what nobody sees is shown by its number", async () => {
  const { page } = await chromium.page();
  const steps = [{ user: "acct_7H9j3" }, { call: { account_id: "acct_7H9\u200bj3" } }];
  await choose(page, { "invisible.jsonl": conversation("invisible", steps) });
  assert.match((await page.textContent(".finding dd code")) ?? "", /^acct_7H9⟨U\+200B⟩j3$/);
});

test("huge strings are cut short, open on demand, and a jump into them opens them", async () => {
  const { page, errors } = await chromium.page();
  const huge = "x".repeat(2_000_000);
  const steps = [
    { user: "go" },
    { call: { q: huge }, tool: huge },
    { result: `${huge} acct_7H9j3 ${"y".repeat(500_000)}` },
    { call: { account_id: "acct_7H9j2" } },
  ];
  await choose(page, { "huge.jsonl": conversation(huge, steps) });
  await page.waitForSelector("#t3 .finding");
  const shown = (await page.textContent("body"))?.length ?? 0;
  // All the strings together are seven million; what the page carries packed is part of the text too.
  const carried = await page.evaluate(() => [...document.scripts].reduce((sum, script) => sum + script.text.length, 0));
  assert.ok(shown - carried < 60_000, `${shown - carried} characters`);
  await page.getByRole("link", { name: /^result of x+… .*turn 2$|^result of .*, turn 2$|^result of x+/ }).click();
  assert.equal(await page.evaluate(() => document.activeElement?.textContent), "acct_7H9j3");
  assert.deepEqual(errors, []);
});

test("nesting without end, numbers without end and broken text give an answer", async () => {
  const { page, errors } = await chromium.page();
  const deep = `${"[".repeat(100_000)}"acct_7H9j3"${"]".repeat(100_000)}`;
  const steps = [{ user: deep }, { call: { n: 1 } }, { result: `{"n": ${"9".repeat(100_000)}, "id": "acct_7H9j3", ` }];
  await choose(page, {
    "deep.jsonl": conversation("deep", steps),
    "bytes.jsonl": Buffer.from([0x7b, 0xff, 0xfe, 0x0a]),
    "empty.jsonl": "",
  });
  await page.waitForSelector("#t2");
  assert.match((await page.textContent("#issues")) ?? "", /bytes\.jsonl/);
  assert.deepEqual(errors, []);
});
