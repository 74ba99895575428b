// What the proxy does besides passing frames: stops, asks, warns, records.

import assert from "node:assert/strict";
import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { test } from "node:test";
import { CLIENTS, first } from "./clients.mjs";
import { PROXY, crm, everything, folder, freePort, guarded, listening, listeningProxy, policy } from "./peers.mjs";

const refund = (account_id) => ({ name: "refund", arguments: { account_id } });
const SEEN = "acct_7H9j3kQ2";
const TWIN = "acct_7H9j3kQ3";

/** Both transports, each with the calls that reach the server. */
const TRANSPORTS = {
  async stdio(context, options) {
    const log = join(await folder(context), "calls.jsonl");
    return { target: guarded(crm(), options), env: { CRM_LOG: log }, log };
  },
  async HTTP(context, options) {
    const log = join(await folder(context), "calls.jsonl");
    const port = await freePort();
    await listening(context, crm(String(port)), port, { CRM_LOG: log });
    return { target: await listeningProxy(context, port, options), env: {}, log };
  },
};

const arrived = async (log) => (await readFile(log, "utf8")).trim().split("\n").map((line) => JSON.parse(line));

for (const [client, connect] of Object.entries(CLIENTS)) {
  for (const [transport, start] of Object.entries(TRANSPORTS)) {
    test(`${client}, ${transport}: a twin is stopped, and the right value passes`, async (context) => {
      const { target, env, log } = await start(context);
      const guard = await connect(context, target, { env });
      await guard.listTools();
      await guard.callTool({ name: "search_customer", arguments: { name: "Ada" } });
      const stopped = await guard.callTool(refund(TWIN));
      assert.equal(stopped.isError, true);
      assert.match(stopped.content[0].text, new RegExp(`${TWIN}[^]*${SEEN}`));
      const passed = await guard.callTool(refund(SEEN));
      assert.equal(passed.content[0].text, `refunded 100 to ${SEEN}`);
      assert.deepEqual((await arrived(log)).map(({ tool, account_id }) => account_id ?? tool), ["search_customer", SEEN]);
    });

    test(`${client}, ${transport}: a person is asked, and decides`, async (context) => {
      const rules = await policy(await folder(context), { decisions: { twin: "ask" } });
      const { target, env, log } = await start(context, ["--policy", rules]);
      const questions = [];
      const answers = [{ action: "accept", content: { run: true } }, { action: "accept", content: { run: false } }, { action: "decline" }];
      const elicit = async ({ params }) => {
        questions.push(params.message);
        return answers[questions.length - 1];
      };
      const guard = await connect(context, target, { env, elicit });
      await guard.callTool({ name: "search_customer", arguments: { name: "Ada" } });
      const confirmed = await guard.callTool(refund(TWIN));
      assert.equal(confirmed.content[0].text, `refunded 100 to ${TWIN}`);
      for (const twin of ["acct_7H9j3kQ4", "acct_7H9j3kQ5"]) {
        const refused = await guard.callTool(refund(twin));
        assert.equal(refused.isError, true);
        assert.match(refused.content[0].text, /A person was asked, and did not confirm/);
      }
      assert.equal(questions.length, 3);
      assert.ok(questions.every((question) => question.includes(SEEN)));
      assert.deepEqual((await arrived(log)).map(({ tool, account_id }) => account_id ?? tool), ["search_customer", TWIN]);
    });

    test(`${client}, ${transport}: nobody can be asked`, async (context) => {
      const rules = await policy(await folder(context), { decisions: { twin: "ask" } });
      const { target, env, log } = await start(context, ["--policy", rules]);
      const guard = await connect(context, target, { env });
      await guard.callTool({ name: "search_customer", arguments: { name: "Ada" } });
      const refused = await guard.callTool(refund(TWIN));
      assert.equal(refused.isError, true);
      assert.match(refused.content[0].text, /needs a person's confirmation/);
      assert.equal((await arrived(log)).length, 1);
    });

    test(`${client}, ${transport}: a warning stands in the result, and in the audit log`, async (context) => {
      const path = await folder(context);
      const rules = await policy(path, { decisions: { twin: "warn" } });
      const audit = join(path, "audit.jsonl");
      const { target, env } = await start(context, ["--policy", rules, "--audit", audit, "--redact"]);
      const guard = await connect(context, target, { env });
      await guard.callTool({ name: "search_customer", arguments: { name: "Ada" } });
      const warned = await guard.callTool(refund(TWIN));
      assert.equal(warned.content[0].text, `refunded 100 to ${TWIN}`);
      const [finding] = warned._meta["twinguard/findings"];
      assert.deepEqual([finding.written, finding.relation, finding.decision, finding.nearest[0].value], [TWIN, "twin", "warn", SEEN]);
      const text = await readFile(audit, "utf8");
      assert.ok(!text.includes("7H9j3k"), text);
      const lines = text.trim().split("\n").map((line) => JSON.parse(line));
      assert.deepEqual(lines.map(({ tool, decision }) => [tool, decision]), [["search_customer", "allow"], ["refund", "warn"]]);
      assert.equal((await stat(audit)).mode & 0o777, 0o600);
    });
  }
}

test("several servers are one, with one ledger", async (context) => {
  const quoted = (command) => command.map((word) => `'${word}'`).join(" ");
  const log = join(await folder(context), "calls.jsonl");
  const target = [PROXY, "mcp", "--server", `crm=${quoted(crm())}`, "--server", `pay=${quoted(crm())}`, "--server", `all=${quoted(everything())}`];
  const client = await first(context, target, { env: { CRM_LOG: log } });
  assert.match(client.getInstructions(), /# crm\n[^]*# all\n/);
  const names = (await client.listTools()).tools.map(({ name }) => name);
  for (const name of ["crm__refund", "pay__refund", "crm__search_customer", "echo", "get-sum"]) assert.ok(names.includes(name), name);
  assert.ok(!names.includes("refund") && !names.includes("all__echo"));
  assert.equal((await client.callTool({ name: "echo", arguments: { message: "hi" } })).content[0].text, "Echo: hi");
  await client.callTool({ name: "crm__search_customer", arguments: { name: "Ada" } });
  const stopped = await client.callTool({ name: "pay__refund", arguments: { account_id: TWIN } });
  assert.equal(stopped.isError, true);
  assert.match(stopped.content[0].text, new RegExp(SEEN));
  const passed = await client.callTool({ name: "pay__refund", arguments: { account_id: SEEN } });
  assert.equal(passed.content[0].text, `refunded 100 to ${SEEN}`);
  assert.match((await client.readResource({ uri: "demo://resource/dynamic/text/1" })).contents[0].text, /Resource 1/);
  assert.match((await client.readResource({ uri: "crm://accounts/Eve" })).contents[0].text, /Eve/);
  assert.match((await client.getPrompt({ name: "crm__dunning", arguments: { name: "Ada" } })).messages[0].content.text, /Ada/);
  await client.ping();
});
