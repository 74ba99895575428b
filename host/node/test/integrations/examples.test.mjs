import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const refused = "`acct_7H9j2` in `/account_id` was never shown in this conversation. The nearest value is `acct_7H9j3`";

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
  });
}
