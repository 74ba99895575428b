// Every case of the repository on this engine: what it expects, and what the Rust host says. Run by
// Node, Deno and Bun; ends with code 1 when a verdict differs.

import { readFileSync } from "node:fs";
import process from "node:process";
import { form, judgeAll, mistake } from "./cases.mjs";

const native = new URL("../../../target/verdicts.jsonl", import.meta.url);

/** @type {Map<string, unknown>} */
const verdicts = new Map();
for (const text of readFileSync(native, "utf8").trim().split("\n")) {
  const { file, line, verdict } = JSON.parse(text);
  verdicts.set(`${file}:${line}`, verdict);
}

const judged = judgeAll();
/** @type {string[]} */
const wrong = [];
for (const one of judged) {
  const place = `${one.file}:${one.line}`;
  const why = mistake(one);
  if (why !== undefined) wrong.push(`${place}: ${why}`);
  const [here, there] = [sorted(form(one.verdict)), sorted(verdicts.get(place))];
  if (here !== there) wrong.push(`${place}: differs from Rust\n  here:  ${here}\n  there: ${there}`);
}
if (judged.length !== verdicts.size) wrong.push(`${judged.length} verdicts here, ${verdicts.size} there`);
for (const line of wrong) console.error(line);
console.log(`${judged.length} verdicts, ${wrong.length} wrong`);
process.exitCode = wrong.length > 0 || judged.length === 0 ? 1 : 0;

/** The same text for equal values, in whatever order their members stand. @param {unknown} value */
function sorted(value) {
  return JSON.stringify(value, (_, item) =>
    typeof item === "object" && item !== null && !Array.isArray(item) ? Object.fromEntries(Object.entries(item).sort()) : item,
  );
}
