// Turns the components into modules that every JavaScript engine can run: `dist/component/`.
//
// For each: `NAME.js`, what jco writes; `NAME.core.wasm`, the code; and the types of the contract.

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { transpile } from "@bytecodealliance/jco-transpile";
import { minify } from "oxc-minify";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const dist = fileURLToPath(new URL("../dist/", import.meta.url));
const components = { guard: join(root, "target/twinguard.wasm"), verifier: join(root, "target/verifier.wasm") };

/**
 * What has to change in jco's output, and why. Each must be found: with another version of jco
 * somebody has to look again.
 */
const edits = [
  {
    // For asynchronous calls, of which there are none. Where the engine lacks the function, each
    // of these costs a millisecond, in every session.
    find: /try \{\s*\w+ = WebAssembly\.promising\([^;]*\);\s*\} catch\(err\) \{\s*\w+ = [^;]*;\s*\}/g,
    replace: "",
  },
  {
    // Looks into the environment several times a call: slow on Node, a permission on Deno.
    find: /const _debugLog = \(\.\.\.args\) => \{.*?\n {2}\}/s,
    replace: "const _debugLog = () => {}",
  },
  {
    // A decoder drops a byte order mark at the start of a text. As part of an identifier it is an
    // invisible character that the guard has found.
    find: /new TextDecoder\(\)/g,
    replace: 'new TextDecoder("utf-8", { ignoreBOM: true })',
  },
  {
    // A session that is forgotten goes with its whole instance. A finaliser would run code in an
    // instance that may have failed, and throw where nobody can catch.
    find: /function finalizationRegistryCreate \(unregister\) \{.*?\n {2}\}/s,
    replace: "function finalizationRegistryCreate() { return { register() {}, unregister() {} }; }",
    // Only where the component has resources.
    optional: true,
  },
];

/** What the bindings export besides what jco knows of. */
const declaration = `
/** The modules besides the main one by name, in base64. */
export const parts: Readonly<Record<string, string>>;
`;

if (!Object.values(components).every(existsSync)) {
  // What `npm pack` prints is the name of the package, for whoever reads it.
  execFileSync("cargo", ["xtask", "guest"], { cwd: root, stdio: ["inherit", process.stderr, "inherit"] });
}
rmSync(dist, { recursive: true, force: true });
for (const [name, file] of Object.entries(components)) await build(name, file);
for (const license of ["LICENSE-APACHE", "LICENSE-MIT"]) copyFileSync(join(root, license), join(dist, license));

async function build(name, file) {
  const { files } = await transpile(file, { name, instantiation: "sync" });
  const parts = {};
  for (const [path, bytes] of Object.entries(files)) {
    const content = Buffer.from(bytes);
    if (path === `${name}.js`) continue;
    if (/\.core\d+\.wasm$/.test(path)) parts[path] = content.toString("base64");
    else write(path, path === `${name}.d.ts` ? `${content}${declaration}` : content);
  }
  const edited = edits.reduce((js, { find, replace, optional }) => {
    if (js.search(find) < 0 && !optional) throw new Error(`\`${name}.js\` of jco has no ${find}; look at what it has now`);
    return js.replace(find, replace);
  }, Buffer.from(files[`${name}.js`]).toString());
  const whole = `${edited}\nexport const parts = ${JSON.stringify(parts)};\n`;
  const { code, errors } = await minify(`${name}.js`, whole, { module: true, compress: { target: "es2022" } });
  if (errors.length > 0) throw new Error(errors.map((error) => error.message).join("\n"));
  write(`${name}.js`, code);
}

function write(path, content) {
  const file = join(dist, "component", path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
