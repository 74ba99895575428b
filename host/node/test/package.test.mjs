// The packed package in an empty project, without the repository: every program of the README runs as
// printed there, and its types hold under `--strict`.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";

const home = fileURLToPath(new URL("../", import.meta.url));
const readme = readFileSync(join(home, "README.md"), "utf8");

/** Programs, and what they print where that is told. */
const PROGRAMS = [...readme.matchAll(/```(js|ts)\n(.*?)```(?:\n\n```text\n(.*?)```)?/gs)].map(([, language, code = "", output]) => ({
  language,
  code,
  output,
}));

/** More would be a mistake in what is packed. */
const MOST_BYTES = 1_600_000;

let project = "";

/** @param {string} program @param {string[]} args @param {string} cwd */
const run = (program, args, cwd) => execFileSync(program, args, { cwd, encoding: "utf8" });

before(() => {
  project = mkdtempSync(join(tmpdir(), "twinguard-"));
  // What was built is packed as it is: a build here would take it from under the other tests.
  run("npm", ["pack", "--ignore-scripts", "--loglevel=error", "--pack-destination", project], home);
  const packed = readdirSync(project).find((name) => name.endsWith(".tgz")) ?? "";
  assert.ok(readFileSync(join(project, packed)).length < MOST_BYTES);
  writeFileSync(join(project, "package.json"), '{ "type": "module", "private": true }');
  run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", `./${packed}`], project);
  mkdirSync(join(project, "traces"));
  copyFileSync(join(home, "../../examples/refund.jsonl"), join(project, "traces/refund.jsonl"));
});

after(() => rmSync(project, { recursive: true }));

test("the package brings nothing along", () => {
  assert.deepEqual(
    readdirSync(join(project, "node_modules")).filter((name) => !name.startsWith(".")),
    ["twinguard"],
  );
});

for (const [index, { language, code, output }] of PROGRAMS.entries()) {
  if (language !== "js") continue;
  test(`program ${index + 1} of the README prints what the README says`, () => {
    writeFileSync(join(project, `program-${index}.js`), code);
    assert.equal(run(process.execPath, [`program-${index}.js`], project), output);
  });
}

test("the program on the repository's first page prints what stands beside it", () => {
  const [, code = ""] = /```js\n(.*?)```/s.exec(readFileSync(join(home, "../../README.md"), "utf8")) ?? [];
  writeFileSync(join(project, "first-page.js"), code);
  assert.match(code, new RegExp(`// ${run(process.execPath, ["first-page.js"], project)}`));
});

test("every program of the README holds under `tsc --strict`, in a project without any types of its own", () => {
  assert.ok(PROGRAMS.length >= 5);
  const files = PROGRAMS.map(({ language, code }, index) => {
    const file = `program-${index}.ts`;
    writeFileSync(join(project, file), language === "ts" ? `declare const file: File;\n${code}` : code);
    return file;
  });
  const options = ["--strict", "--noEmit", "--module", "nodenext", "--target", "es2022", "--lib", "es2022,dom"];
  run(process.execPath, [join(home, "node_modules/typescript/bin/tsc"), "--ignoreConfig", ...options, ...files], project);
});

test("the entry for browsers reaches nothing of Node", () => {
  /** @type {Set<string>} */
  const reached = new Set();
  /** @param {URL} module */
  const follow = (module) => {
    if (reached.has(module.href)) return;
    reached.add(module.href);
    for (const [, name = ""] of readFileSync(module, "utf8").matchAll(/^(?:import|export)\s(?:[\w*{}\s,]+\sfrom\s+)?"([^"]+)"/gm)) {
      assert.ok(name.startsWith("./") || name.startsWith("../"), `${module.pathname} imports \`${name}\``);
      follow(new URL(name, module));
    }
  };
  follow(new URL(`file://${project}/node_modules/twinguard/dist/browser.js`));
  assert.ok(reached.size > 5);
});

test("the entry for browsers works from the bytes that the package exports", () => {
  const program = `
    import { readFileSync } from "node:fs";
    import { fileURLToPath } from "node:url";
    import { Guard, loadGuard, loadVerifier, verifyTraces } from "twinguard/browser";
    const bytes = (name) => new Uint8Array(readFileSync(fileURLToPath(import.meta.resolve(name))));
    try { new Guard(); } catch (error) { console.log(error.name); }
    try { await loadGuard(new Uint8Array(8)); } catch (error) { console.log(error.name); }
    await loadGuard(bytes("twinguard/guard.wasm"));
    await loadVerifier(bytes("twinguard/verifier.wasm").buffer);
    console.log(new Guard().checkOnce([{ content: "acct_7H9j3" }], "refund", { id: "acct_7H9j2" }).decision);
    console.log(verifyTraces({ name: "x", content: readFileSync("traces/refund.jsonl") }).length);
  `;
  writeFileSync(join(project, "browser.js"), program);
  assert.equal(run(process.execPath, ["browser.js"], project), "InvalidInput\nInvalidInput\nblock\n3\n");
});
