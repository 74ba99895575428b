// Builds the playground: one page with everything in it, `target/playground.html`. Styles, programs, both
// components and the example lie inside, so it works from a disk as from any server, and asks for nothing.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const home = fileURLToPath(new URL("..", import.meta.url));
const output = join(root, "target/playground.html");

/** Libraries whose code is in the page. */
const libraries = ["diff", "jsonc-parser"];

const [script, worker] = await Promise.all([bundle("main"), bundle("worker")]);
const style = await stylesheet();
const parts = {
  worker: Buffer.from(worker),
  guard: readFileSync(join(home, "dist/component/guard.core.wasm")),
  verifier: readFileSync(join(home, "dist/component/verifier.core.wasm")),
  example: readFileSync(join(root, "examples/refund.jsonl")),
};

/**
 * What the page may do: run this script and this style, start workers from its own memory, and
 * compile WebAssembly. `connect-src 'none'` is what keeps files where they are: neither the page nor
 * a worker, which inherits all this, can send anything; with Trusted Types no text becomes markup.
 */
const policy = [
  "default-src 'none'",
  `script-src '${hash(script)}' 'wasm-unsafe-eval'`,
  `style-src '${hash(style)}'`,
  "worker-src blob:",
  "img-src data:",
  "connect-src 'none'",
  "form-action 'none'",
  "base-uri 'none'",
  "trusted-types worker",
  "require-trusted-types-for 'script'",
].join("; ");

const page = fill(readFileSync(join(home, "playground/index.html"), "utf8"), {
  policy,
  style,
  script,
  // Read by the page itself; a type that is no script's, so that nothing runs them.
  parts: Object.entries(parts)
    .map(([name, bytes]) => `<script type="application/gzip" id="${name}">${gzipSync(bytes, { level: 9 }).toString("base64")}</script>`)
    .join("\n"),
  licenses: libraries.map(license).join("\n\n").replaceAll("--", "- -"),
});
mkdirSync(dirname(output), { recursive: true });
writeFileSync(output, page);
console.log(`${output}: ${Math.round(page.length / 1024)} KiB`);

/** A program and everything it imports, as one script. */
async function bundle(name) {
  const { outputFiles } = await build({
    entryPoints: [join(home, `playground/${name}.ts`)],
    bundle: true,
    write: false,
    minify: true,
    format: "iife",
    target: "es2022",
    charset: "utf8",
    // The bytes of the components are handed over, and no address is needed.
    define: { "import.meta.url": '""' },
    logLevel: "warning",
  });
  // In a page this would end the script.
  return outputFiles[0].text.replaceAll("</script", "<\\/script");
}

async function stylesheet() {
  const { outputFiles } = await build({
    entryPoints: [join(home, "playground/style.css")],
    bundle: true,
    write: false,
    minify: true,
    charset: "utf8",
  });
  return outputFiles[0].text;
}

/** Puts values where the page has `{{name}}`, which is a comment in styles and programs. */
function fill(text, values) {
  return text.replace(/(?:\/\* )?\{\{(\w+)\}\}(?: \*\/)?/g, (_, name) => values[name]);
}

function hash(text) {
  return `sha256-${createHash("sha256").update(text).digest("base64")}`;
}

function license(name) {
  const folder = dirname(createRequire(import.meta.url).resolve(`${name}/package.json`));
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = ["LICENSE", "LICENSE.md"].map((name) => join(folder, name));
  for (const path of file) {
    try {
      return `${name} ${version}\n\n${readFileSync(path, "utf8").trim()}`;
    } catch (error) {
      if (error.code !== "ENOENT") throw error;
    }
  }
  throw new Error(`\`${name}\` has no license file; look where it has moved`);
}
