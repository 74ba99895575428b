// The case files in `tests/data` of the repository, whose form `tests/cases.rs` tells: conversations,
// one event a line. Only plain JavaScript here, so that every engine can run it.

import { readdirSync, readFileSync } from "node:fs";
import { Guard } from "twinguard";

const data = new URL("../../../tests/data/", import.meta.url);

/**
 * @typedef {object} Line One line of a case file.
 * @property {string} [case]
 * @property {string} [tool]
 * @property {string} [call_id]
 * @property {import("twinguard").Source} [source]
 * @property {import("twinguard").Effect} [effect]
 * @property {boolean} [incomplete]
 * @property {string} [check_text]
 * @property {string | Expected} [expect]
 *
 * @typedef {object} Expected What a verdict must be: every field that is there.
 * @property {string} decision
 * @property {string} [written]
 * @property {string} [relation]
 * @property {string} [nearest]
 * @property {string} [pointer]
 * @property {string} [kind]
 * @property {string} [message]
 * @property {string} [repaired]
 *
 * @typedef {{ file: string, line: number, expect: string | Expected, verdict: import("twinguard").Verdict }} Judged
 */

/** Every verdict of every case: of those that are judged rightly, and of the known misses. */
export function judgeAll() {
  const sessions = readdirSync(new URL("sessions/", data)).sort();
  return [...sessions.map((name) => `sessions/${name}`), "known-misses.jsonl"].flatMap(judge);
}

/** @param {string} path @returns {Judged[]} */
function judge(path) {
  const file = path.replace("sessions/", "");
  /** @type {Judged[]} */
  const judged = [];
  let session = new Guard().session();
  for (const [index, text] of readFileSync(new URL(path, data), "utf8").split("\n").entries()) {
    if (text.trim() === "") continue;
    /** @type {Line} */
    const line = JSON.parse(text);
    const raw = members(text);
    const call = { callId: line.call_id, effect: line.effect };
    const [policy, observe, check] = [raw.get("policy"), raw.get("observe"), raw.get("check")];
    if (line.case !== undefined) {
      session = new Guard(policy).session();
    } else if (observe !== undefined) {
      try {
        session.observe(textOf(observe), { tool: line.tool, callId: line.call_id, source: line.source, incomplete: line.incomplete });
      } catch (error) {
        // A text that is refused is part of its case: the verdicts then say `incomplete`.
        if (!(error instanceof Error) || error.name !== "LimitExceeded") throw error;
      }
    } else {
      const verdict =
        check === undefined ? session.checkText(line.check_text ?? "") : session.check(line.tool ?? "tool", textOf(check), call);
      if (line.expect === undefined) throw new Error(`${file}:${index + 1}: no \`expect\``);
      judged.push({ file, line: index + 1, expect: line.expect, verdict });
    }
  }
  return judged;
}

/** A JSON string is a text; anything else is its own JSON text, digits and all. @param {string} raw */
function textOf(raw) {
  return raw.startsWith('"') ? String(JSON.parse(raw)) : raw;
}

/**
 * The members of a JSON object with their values as they are written, which `JSON.parse` would round.
 *
 * @param {string} object
 */
export function members(object) {
  /** @type {Map<string, string>} */
  const found = new Map();
  const token = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g;
  let [depth, key, start] = [0, "", -1];
  for (const { 0: text, index } of object.matchAll(token)) {
    if (depth === 1 && start < 0 && text.startsWith('"') && key === "") key = JSON.parse(text);
    else if (depth === 1 && text === ":" && start < 0) start = index + 1;
    if (text === "{" || text === "[") depth++;
    if (text === "}" || text === "]") depth--;
    const ends = (depth === 1 && text === ",") || depth === 0;
    if (ends && start >= 0) {
      found.set(key, object.slice(start, index).trim());
      [key, start] = ["", -1];
    }
  }
  return found;
}

/**
 * A verdict in the form that every host is compared in: field names in snake case, a span as
 * `[start, end]`, and `null` for what is not there.
 *
 * @param {import("twinguard").Verdict} verdict
 */
export function form(verdict) {
  return {
    decision: verdict.decision,
    findings: verdict.findings.map(({ span, nearest, ...finding }) => ({
      ...finding,
      span: [span.start, span.end],
      nearest: nearest.map(({ seenIn, ...neighbour }) => ({
        ...neighbour,
        seen_in: seenIn.map(({ callId, ...sighting }) => ({ ...sighting, tool: sighting.tool ?? null, call_id: callId ?? null })),
      })),
    })),
    message: verdict.message,
    repaired: verdict.repaired ?? null,
  };
}

/**
 * What is wrong with a verdict, or nothing.
 *
 * @param {Judged} judged
 */
export function mistake({ expect, verdict }) {
  /** @type {Expected} */
  const expected = typeof expect === "string" ? { decision: expect } : expect;
  const rank = ["allow", "warn", "ask", "block"];
  const gravest = verdict.findings.reduce(
    (best, finding) => (best && rank.indexOf(best.decision) >= rank.indexOf(finding.decision) ? best : finding),
    verdict.findings[0],
  );
  const found = expected.written === undefined ? gravest : verdict.findings.find(({ written }) => written === expected.written);
  const { message, decision, repaired, ...fields } = expected;
  const is = { ...found, nearest: found?.nearest[0]?.value ?? "" };
  const wrong = Object.entries(fields).filter(([name, value]) => is[/** @type {keyof typeof is} */ (name)] !== value);
  if (verdict.decision !== decision) return `${verdict.decision}, not ${decision}`;
  if (wrong.length > 0) return `${JSON.stringify(is)} is not ${JSON.stringify(Object.fromEntries(wrong))}`;
  if (message !== undefined && !verdict.message.includes(message)) return `no \`${message}\` in: ${verdict.message}`;
  if (typeof expect === "object" && repaired !== verdict.repaired) return `repaired as ${verdict.repaired}, not ${repaired}`;
  return undefined;
}
