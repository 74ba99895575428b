// Conversations made up from a seed, for the report: models that do not exist over several weeks, some of
// which copy worse than others. `node test/report/runs.mjs 2000` prints as many traces, one a line.

import { fileURLToPath } from "node:url";

/**
 * @typedef {object} Options
 * @property {number} [calls] - Calls with an identifier in each conversation.
 * @property {number} [slips] - The share of them that come out wrong is the model's own times this.
 */

const MODELS = [
  { name: "atlas-large", share: 0.3, slips: 0.004 },
  { name: "boreal-2", share: 0.3, slips: 0.001 },
  { name: "atlas-mini", share: 0.25, slips: 0.009 },
  { name: "cirrus-32b", share: 0.15, slips: 0.02 },
];
/** The tool that looks something up, the one that acts on it, the argument, and what its values look like. */
const TASKS = [
  {
    look: "search_customer",
    act: "refund",
    field: "account_id",
    share: 0.34,
    make: (/** @type {Random} */ r) => `acct_${r.text(ALNUM, 8)}`,
  },
  {
    look: "list_orders",
    act: "cancel_order",
    field: "order_id",
    share: 0.26,
    make: (/** @type {Random} */ r) => `ORD-${r.text(DIGITS, 2)}-${r.text(DIGITS, 6)}`,
  },
  { look: "find_deployments", act: "roll_back", field: "deployment_id", share: 0.22, make: uuid },
  { look: "list_commits", act: "revert_commit", field: "sha", share: 0.18, make: (/** @type {Random} */ r) => r.text(HEX, 40) },
];
const DIGITS = "0123456789";
const HEX = "0123456789abcdef";
const ALNUM = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
const NAMES = ["Mara Lindqvist", "Tomás Rivera", "Aiko Tanaka", "Ben Okafor", "Ines Marchetti", "Piotr Zieliński"];
/** The first Monday. */
const START = Date.UTC(2026, 0, 5, 8);
const WEEKS = 10;
/** From this week on the fallback model is used more, and copies worse. */
const TURN = 6;

/** Numbers that are the same for the same seed (mulberry32). */
class Random {
  /** @param {number} seed */
  constructor(seed) {
    this.state = seed;
  }

  next() {
    this.state = (this.state + 0x6d2b79f5) | 0;
    let t = Math.imul(this.state ^ (this.state >>> 15), 1 | this.state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  }

  /** @param {number} n */
  below(n) {
    return Math.floor(this.next() * n);
  }

  /** @template T @param {readonly T[]} from @returns {T} */
  of(from) {
    return /** @type {T} */ (from[this.below(from.length)]);
  }

  /** @param {string} alphabet @param {number} length */
  text(alphabet, length) {
    return Array.from({ length }, () => alphabet[this.below(alphabet.length)]).join("");
  }

  /** @template {{ share: number }} T @param {readonly T[]} from @returns {T} */
  weighed(from) {
    let left = this.next();
    const chosen = from.find(({ share }) => {
      left -= share;
      return left < 0;
    });
    return chosen ?? /** @type {T} */ (from[0]);
  }
}

/** @param {Random} random */
function uuid(random) {
  const hex = random.text(HEX, 32);
  return [hex.slice(0, 8), hex.slice(8, 12), `4${hex.slice(13, 16)}`, `a${hex.slice(17, 20)}`, hex.slice(20)].join("-");
}

/** What a slip of the pen makes of a value. @param {Random} random @param {string} value */
function slip(random, value) {
  const at = Math.floor(value.length * (0.4 + random.next() * 0.55));
  const is = value[at] ?? "0";
  const alphabet = /[0-9]/.test(is) ? DIGITS : /[a-f]/.test(is) ? "abcdef" : "abcdefghjkmnpqrstuvwxyz";
  const other = random.of([...alphabet].filter((character) => character !== is));
  switch (random.below(6)) {
    case 0:
      return value.slice(0, at) + value.slice(at + 1);
    case 1:
      return value.slice(0, at) + is + value.slice(at);
    case 2:
      return value.length > 12 ? value.slice(0, -4) : `${value.slice(0, at)}${other}${value.slice(at + 1)}`;
    default:
      return `${value.slice(0, at)}${other}${value.slice(at + 1)}`;
  }
}

/**
 * The nth conversation.
 *
 * @param {number} n
 * @param {Options} [options]
 */
export function conversation(n, { calls = 6, slips = 1 } = {}) {
  const random = new Random(n * 7919 + 1);
  const week = random.below(WEEKS);
  const model = week >= TURN && random.next() < 0.25 ? /** @type {typeof MODELS[number]} */ (MODELS[3]) : random.weighed(MODELS);
  const at = new Date(START + week * 7 * 86_400_000 + random.below(5 * 86_400) * 1000).toISOString();
  const task = random.weighed(TASKS);
  const records = Array.from({ length: 4 }, () => ({
    [task.field.replace(/_id$/, "_id")]: task.make(random),
    name: random.of(NAMES),
    status: random.of(["open", "paid", "done"]),
  }));
  /** @type {object[]} */
  const messages = [
    { role: "system", content: "You are an assistant with tools. Look things up before you change them." },
    { role: "user", content: `Please take care of the case of ${records[0]?.name}.` },
    { role: "assistant", content: null, tool_calls: [called("call_1", task.look, { query: records[0]?.name })] },
    { role: "tool", tool_call_id: "call_1", name: task.look, content: JSON.stringify({ results: records }) },
  ];
  for (let call = 0; call < calls; call++) {
    const value = /** @type {string} */ (random.of(records)[task.field]);
    const written = random.next() < model.slips * slips ? slip(random, value) : value;
    const id = `call_${call + 2}`;
    messages.push({
      role: "assistant",
      content: null,
      tool_calls: [called(id, task.act, { [task.field]: written, reason: "asked by the customer" })],
    });
    messages.push({ role: "tool", tool_call_id: id, name: task.act, content: JSON.stringify({ status: "ok" }) });
  }
  return { id: `run-${String(n + 1).padStart(5, "0")}`, model: model.name, created_at: at, messages };
}

/** @param {string} id @param {string} name @param {object} given */
function called(id, name, given) {
  return { id, type: "function", function: { name, arguments: JSON.stringify(given) } };
}

/** Conversations, one a line. @param {number} n @param {Options} [options] */
export function runs(n, options) {
  return Array.from({ length: n }, (_, at) => `${JSON.stringify(conversation(at, options))}\n`).join("");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.stdout.write(runs(Number(process.argv[2] ?? 2000)));
