// Each call that works without the proxy works through it, with an equal result.

import assert from "node:assert/strict";
import { test } from "node:test";
import { CLIENTS } from "./clients.mjs";
import { crm, everything, filesystem, folder, freePort, guarded, listening, listeningProxy } from "./peers.mjs";
import { CRM, EVERYTHING, files, tour } from "./tour.mjs";

for (const [name, connect] of Object.entries(CLIENTS)) {
  test(`${name}, stdio: server-everything`, async (context) => {
    const direct = await tour(await connect(context, everything()), EVERYTHING);
    assert.ok(direct.tools.tools.length > 5 && direct['call get-sum {"a":2,"b":40.5}'].content[0].text.includes("42.5"));
    assert.deepEqual(await tour(await connect(context, guarded(everything())), EVERYTHING), direct);
  });

  test(`${name}, stdio: server-filesystem`, async (context) => {
    const path = await folder(context);
    const direct = await tour(await connect(context, filesystem(path)), files(path));
    assert.deepEqual(await tour(await connect(context, guarded(filesystem(path))), files(path)), direct);
  });

  test(`${name}, stdio: FastMCP`, async (context) => {
    const direct = await tour(await connect(context, crm()), CRM);
    assert.deepEqual(await tour(await connect(context, guarded(crm())), CRM), direct);
  });

  test(`${name}, HTTP: server-everything`, async (context) => {
    const port = await freePort();
    await listening(context, everything("streamableHttp"), port, { PORT: String(port) });
    const direct = await tour(await connect(context, new URL(`http://127.0.0.1:${port}/mcp`)), EVERYTHING);
    assert.deepEqual(await tour(await connect(context, await listeningProxy(context, port)), EVERYTHING), direct);
  });

  test(`${name}, HTTP: FastMCP`, async (context) => {
    const port = await freePort();
    await listening(context, crm(String(port)), port);
    const direct = await tour(await connect(context, new URL(`http://127.0.0.1:${port}/mcp`)), CRM);
    assert.deepEqual(await tour(await connect(context, await listeningProxy(context, port)), CRM), direct);
  });
}
