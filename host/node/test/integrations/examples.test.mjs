import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const refused = "`acct_7H9j2` in `/account_id` was never shown in this conversation. The nearest value is `acct_7H9j3`";

const readme = readFileSync(new URL("../../README.md", import.meta.url), "utf8");

/** What each example must print: its lines begin like this. */
const EXAMPLES = {
  "ai-sdk.mjs": ["search_customer: ran", `refund: refused. ${refused}`, "refund: ran"],
  "openai-agents.mjs": ["search_customer: {", `refund: ${refused}`, "refund: refunded to acct_7H9j3"],
  "mcp.mjs": ["search_customer: {", `refund: refused. ${refused}`, "refund: refunded to acct_7H9j3"],
};

for (const [name, expected] of Object.entries(EXAMPLES)) {
  test(`the example ${name} runs offline and prints what it should`, async () => {
    const program = fileURLToPath(new URL(`../../examples/integrations/${name}`, import.meta.url));
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program]);
    const lines = stdout.trimEnd().split("\n");
    assert.equal(lines.length, expected.length, stdout);
    expected.forEach((start, index) => {
      assert.ok(lines[index]?.startsWith(start), `${lines[index]}\n  does not begin with\n${start}`);
    });
    assert.equal(stderr, "");
    assert.ok(readme.includes(`[example](examples/integrations/${name})`));
    const [, shown] = readme.split(`$ node examples/integrations/${name}\n`);
    const said = shown?.slice(0, shown.indexOf("```")).trimEnd().split("\n") ?? [];
    said.forEach((line, index) => {
      const [start = "", rest] = line.split("…");
      assert.ok(rest === undefined ? lines[index] === line : lines[index]?.startsWith(start), `README: ${line}`);
    });
  });
}
