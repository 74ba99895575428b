// Recorded conversations: the lines of the command line, and what cannot be read.

import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { fileURLToPath, pathToFileURL } from "node:url";
import { gzipSync } from "node:zlib";
import { explainTraces, InvalidInput, InvalidPolicy, readTraces, traceFormats, verify, verifyTraces } from "twinguard";

const root = fileURLToPath(new URL("../../../", import.meta.url));
const example = join(root, "examples/refund.jsonl");

/** @param {Parameters<typeof verify>} given */
async function lines(...given) {
  const all = [];
  for await (const line of verify(...given)) all.push(line);
  return all;
}

/** A folder that is removed at the end of a test. @param {import("node:test").TestContext} t */
function folder(t) {
  const path = mkdtempSync(join(tmpdir(), "twinguard-"));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

test("the example has its twin, and the honest run beside it is silent", async () => {
  const [finding, wrong, right, ...more] = await lines(example);
  assert.deepEqual(more, []);
  assert.ok(finding?.type === "finding");
  assert.equal(finding.written, "acct_7H9j2");
  assert.equal(finding.relation, "twin");
  assert.deepEqual(finding.span, [0, 10]);
  assert.equal(finding.nearest[0]?.seen_in[0]?.call_id, "call_1");
  assert.deepEqual(wrong, { type: "trace", trace: "refund-wrong-account", model: "gpt-4o", calls: 3, identifiers: 4, decision: "block" });
  assert.ok(right?.type === "trace" && right.decision === "allow");
});

test("allowed findings are lines where that is asked for", async () => {
  const all = await lines(example, { all: true });
  assert.ok(all.some((line) => line.type === "finding" && line.decision === "allow"));
});

test("a call of a message that was cut off is a line, whatever its identifiers are", () => {
  const made = { id: "c1", function: { name: "cancel", arguments: "{}" } };
  const messages = [{ role: "assistant", finish_reason: "length", tool_calls: [made] }];
  const [stopped, trace, ...more] = verifyTraces({ name: "x", content: JSON.stringify({ id: "cut", messages }) });
  assert.ok(stopped?.type === "stopped" && trace?.type === "trace");
  assert.deepEqual([stopped.tool, stopped.stop, stopped.decision, trace.decision], ["cancel", "length", "warn", "warn"]);
  assert.match(stopped.message, /^The message with this call ended by a limit on its length/);
  assert.deepEqual(more, []);
});

test("every format of the repository is found by its content", async () => {
  const formats = traceFormats();
  assert.ok(formats.length >= 9);
  for (const { name, about } of formats) {
    assert.notEqual(about, "");
    const found = await lines(join(root, "tests/data/traces", name));
    assert.ok(
      found.some(({ type }) => type === "trace"),
      name,
    );
  }
});

test("the lines are those of the command, for the traces of every format", async () => {
  const command = join(root, "target/debug", process.platform === "win32" ? "twinguard.exe" : "twinguard");
  for (const { name } of traceFormats()) {
    const path = join(root, "tests/data/traces", name);
    // Archives are opened by the command alone.
    const files = readdirSync(path)
      .filter((file) => !file.endsWith(".eval"))
      .sort()
      .map((file) => join(path, file));
    const { stdout } = spawnSync(command, ["verify", "--all", "--format", "jsonl", ...files], { encoding: "utf8" });
    const [summary, ...theirs] = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line))
      .reverse();
    assert.equal(summary.type, "summary");
    const ours = await lines(files, { all: true });
    const told = ours.filter(({ type }) => type !== "issue");
    assert.deepEqual(told, theirs.reverse(), name);
  }
});

test("folders are read in order, packed or not, hidden files and other files left alone", async (t) => {
  const path = folder(t);
  const text = readFileSync(example);
  mkdirSync(join(path, "b/.hidden"), { recursive: true });
  writeFileSync(join(path, "c.jsonl.GZ"), gzipSync(text));
  writeFileSync(join(path, "b/plain.json"), Buffer.concat([Buffer.from("\uFEFF"), text]));
  writeFileSync(join(path, "a.jsonl"), "not json\n");
  writeFileSync(join(path, "b/.hidden/x.jsonl"), text);
  writeFileSync(join(path, "notes.md"), text);
  symlinkSync(path, join(path, "b/loop"));
  const found = await lines(path);
  assert.deepEqual(
    found.map((line) => (line.type === "issue" ? `issue in ${line.file.slice(path.length)}, ${line.line}` : line.type)),
    ["issue in /a.jsonl, 1", "finding", "trace", "trace", "finding", "trace", "trace"],
  );
  assert.deepEqual(await lines([pathToFileURL(join(path, "b/plain.json")), join(path, "c.jsonl.GZ")]), found.slice(1));
});

test("what cannot be read is an issue that tells the way out, and the rest is read", async (t) => {
  const path = folder(t);
  /** @type {[name: string, content: Uint8Array, told: RegExp][]} */
  const unreadable = [
    ["cut.jsonl.gz", gzipSync(readFileSync(example)).subarray(0, 200), /unexpected end of file/],
    ["pages.zip", Buffer.from("PK\x03\x04"), /a zip archive; .*unpack it first/],
    ["log.eval", Buffer.from("PK\x03\x04"), /a zip archive; .*inspect log dump/],
    ["wide.json", Buffer.from("\uFEFF[]", "utf16le"), /UTF-16 text; .*iconv/],
    ["picture.png", Buffer.from("\x89PNG\0"), /binary data/],
    ["any.txt", Buffer.from('{"nothing": "known"}'), /format/],
  ];
  for (const [name, content, told] of unreadable) {
    writeFileSync(join(path, name), content);
    const [issue, ...rest] = await lines([join(path, name), example]);
    assert.ok(issue?.type === "issue" && told.test(issue.message), JSON.stringify(issue));
    assert.equal(rest.length, 3);
  }
  const [missing] = await lines(join(path, "nowhere.json"));
  assert.ok(missing?.type === "issue" && /no such file/.test(missing.message));
  mkdirSync(join(path, "empty"));
  const [empty] = await lines(join(path, "empty"));
  assert.ok(empty?.type === "issue" && /no traces in this folder/.test(empty.message));
});

test("a wrong policy, format or path is an error before anything is read", async () => {
  await assert.rejects(lines(example, { policy: { decisions: { twinn: "ask" } } }), InvalidPolicy);
  await assert.rejects(
    lines(example, { traceFormat: "chat" }),
    (error) => error instanceof InvalidInput && /openai-chat/.test(error.message),
  );
  await assert.rejects(lines(/** @type {any} */ (7)), InvalidInput);
  await assert.rejects(lines(new URL("https://example.com/runs.jsonl")), InvalidInput);
  for (const file of /** @type {any[]} */ ([null, "runs.jsonl", {}, { name: "x", content: 7 }])) {
    assert.throws(() => verifyTraces(file), InvalidInput);
    assert.throws(() => explainTraces(file), InvalidInput);
    assert.throws(() => readTraces(file), InvalidInput);
  }
});

test("a policy changes what is found", async () => {
  const found = await lines(example, { policy: { decisions: { twin: "warn" } } });
  assert.ok(found[0]?.type === "finding" && found[0].decision === "warn");
});

test("conversations and their identifiers can be shown to people", () => {
  const file = { name: "refund.jsonl", content: readFileSync(example, "utf8") };
  const { conversations, issues } = readTraces(file);
  assert.deepEqual(issues, []);
  assert.deepEqual(
    conversations.map(({ id }) => id),
    ["refund-wrong-account", "refund-right-account"],
  );
  const steps = conversations[0]?.steps ?? [];
  assert.ok(steps.some(({ side, tool, callId }) => side === "called" && tool === "refund" && callId === "call_3"));
  const known = explainTraces(file).filter((line) => line.type === "identifier" && line.relation === "twin");
  assert.ok(known.length > 0);
});
