// 100,000 sessions opened and closed: the memory of the process stays what it was. In a process of
// its own, where nothing else grows.

import { execFileSync } from "node:child_process";
import { test } from "node:test";
import { fileURLToPath } from "node:url";

test("100,000 sessions leave nothing behind", () => {
  execFileSync(process.execPath, [fileURLToPath(new URL("leak.mjs", import.meta.url))], { stdio: ["ignore", "inherit", "inherit"] });
});
