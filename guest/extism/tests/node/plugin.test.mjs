// The Extism plug-in through `@extism/extism`, on the JavaScript engine's own WebAssembly: as Node,
// Deno, Bun and browsers load it.
//
//     cargo xtask guest && cargo run -p twinguard-tests --bin verdicts
//     npm ci && npm test

import assert from 'node:assert/strict'
import { readFileSync, readdirSync } from 'node:fs'
import { basename, join } from 'node:path'
import { test } from 'node:test'
import createPlugin from '@extism/extism'

const root = join(import.meta.dirname, '../../../..')
const target = process.env.CARGO_TARGET_DIR ?? join(root, 'target')
const data = readFileSync(join(target, 'twinguard.extism.wasm'))

const SEEN = 'acct_7H9j3kQ2'
const TWIN = 'acct_7H9j2kQ2'

/** One instance of the plug-in. */
async function start() {
  const plugin = await createPlugin({ wasm: [{ data }] })
  const call = async (name, input) => JSON.parse((await plugin.call(name, input)).text())
  const ask = (name, parameters) => call(name, JSON.stringify(parameters))
  return {
    plugin,
    call,
    ask,
    /** Opens a session that has seen one account. */
    shown: async session => {
      await ask('open', { session })
      await ask('observe', { session, what: { tool: 'find', content: JSON.stringify({ id: SEEN }) } })
    },
    refund: async (session, account_id) =>
      (await ask('check', { session, call: { tool: 'refund', arguments: JSON.stringify({ account_id }) } })).decision,
    /** A verdict, whatever happens: what cannot be checked must not run. */
    judge: async (name, parameters) => {
      try {
        return await ask(name, parameters)
      } catch (error) {
        const why = error.message.replace('Plugin-originated error: ', '')
        return { decision: 'block', findings: [], message: `twinguard could not check this, so it must not run: ${why}`, repaired: null }
      }
    },
  }
}

/** The members of a JSON object, each value as the text that it was written in. */
function members(line) {
  const found = {}
  let [depth, start, key] = [0, 0, undefined]
  for (const { 0: token, index } of line.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\],:]/g)) {
    if (depth === 1 && (token === ',' || token === '}')) {
      found[key] = line.slice(start, index).trim()
      key = undefined
    }
    if (depth === 1 && token === ':') start = index + 1
    else if (depth === 1 && token[0] === '"') key ??= JSON.parse(token)
    if (token === '{' || token === '[') depth++
    if (token === '}' || token === ']') depth--
  }
  return found
}

/** A JSON string is a text; anything else is its own JSON text, digits and all. */
const text = raw => (raw.startsWith('"') ? JSON.parse(raw) : raw)

function* cases() {
  const folder = join(root, 'tests/data')
  const sessions = readdirSync(join(folder, 'sessions')).sort().map(name => join(folder, 'sessions', name))
  for (const path of [...sessions, join(folder, 'known-misses.jsonl')]) {
    for (const [index, line] of readFileSync(path, 'utf8').split('\n').entries()) {
      if (line.trim() !== '') yield { file: basename(path), number: index + 1, line: members(line) }
    }
  }
}

test('every case gives the verdict of the Rust host', async () => {
  const lines = readFileSync(join(target, 'verdicts.jsonl'), 'utf8').split('\n').filter(Boolean).map(line => JSON.parse(line))
  const expected = new Map(lines.map(({ file, line, verdict }) => [`${file}:${line}`, verdict]))
  assert.ok(expected.size > 200)
  const guard = await start()
  let session
  for (const { file, number, line } of cases()) {
    const place = `${file}:${number}`
    const named = {}
    for (const key of ['tool', 'call_id', 'source', 'effect', 'incomplete']) if (key in line) named[key] = JSON.parse(line[key])
    if ('case' in line) {
      session = place
      await guard.ask('open', { session, policy: line.policy ?? '' })
      continue
    }
    if ('observe' in line) {
      // A text that is refused is part of its case: the verdicts then say `incomplete`.
      const observed = guard.ask('observe', { session, what: { content: text(line.observe), ...named } })
      await observed.catch(error => assert.match(error.message, /limit exceeded/, place))
      continue
    }
    const verdict =
      'check' in line
        ? await guard.judge('check', { session, call: { tool: 'tool', arguments: text(line.check), ...named } })
        : await guard.judge('check_text', { session, text: JSON.parse(line.check_text) })
    const expect = JSON.parse(line.expect)
    assert.equal(verdict.decision, expect.decision ?? expect, place)
    assert.deepEqual(verdict, expected.get(place), place)
    expected.delete(place)
  }
  assert.deepEqual([...expected.keys()], [], 'the Rust host judged lines that this test did not reach')
})

test('sessions have their own memory, and a snapshot continues in another instance', async () => {
  const guard = await start()
  await guard.shown('a')
  const { snapshot } = await guard.ask('snapshot', { session: 'a' })
  const other = await start()
  await other.ask('restore', { session: 'b', snapshot })
  assert.deepEqual(await other.ask('snapshot', { session: 'b' }), { snapshot })
  await other.ask('open', { session: 'c' })
  assert.deepEqual([await other.refund('b', TWIN), await other.refund('c', TWIN)], ['block', 'allow'])
})

test('bad input is an error with its reason, and the sessions are as they were', async () => {
  const guard = await start()
  await guard.shown('a')
  const refused = (name, input, why) => assert.rejects(guard.call(name, input), why)
  for (const name of ['open', 'observe', 'check', 'check_text', 'identify', 'snapshot', 'restore', 'close', 'check_once']) {
    for (const input of ['', '{', '7', 'null', '{}', '{"session": "a", "typo": 1}', new Uint8Array([0x22, 0xff, 0x22])]) {
      await refused(name, input, new RegExp(`\`${name}\` cannot read its input`))
    }
  }
  const [lone, cyclic] = ['\ud800', {}]
  cyclic.self = cyclic
  await refused('check', JSON.stringify({ session: 'a', call: { tool: lone, arguments: '{}' } }), /hex escape|surrogate/)
  await assert.rejects(async () => guard.ask('check', { session: 'a', call: cyclic }), TypeError) // of JSON.stringify
  await refused('check', '{"session": "a", "call": {"tool": "t", "arguments": {}}}', /expected a string/)
  await refused('check', '{"session": "b", "call": {"tool": "t", "arguments": "{}"}}', /no session `b` is open/)
  await refused('open', '{"session": "a"}', /session `a` is open already/)
  await refused('open', '{"session": "b", "policy": 7}', /invalid policy/)
  await refused('restore', '{"session": "b", "snapshot": "YQ=="}', /invalid snapshot/)
  await refused('observe', JSON.stringify({ session: 'a', what: { content: 'x'.repeat(17 << 20) } }), /limit exceeded/)
  assert.equal(await guard.refund('a', SEEN), 'allow')
  assert.equal(await guard.refund('a', TWIN), 'block')
})

test('a trap is an error for good, and never a verdict', async () => {
  const guard = await start()
  await guard.shown('a')
  // This host sets no limits, so take away what memory there is.
  const { memory } = (await guard.plugin.getInstance()).exports
  memory.grow(65536 - memory.buffer.byteLength / 65536)
  await assert.rejects(guard.ask('observe', { session: 'a', what: { content: `${SEEN} `.repeat(1 << 19) } }), WebAssembly.RuntimeError)
  for (const account of [SEEN, TWIN]) await assert.rejects(guard.refund('a', account), /failed in an earlier call/)
  await assert.rejects(guard.ask('open', { session: 'b' }), /failed in an earlier call/)
})
