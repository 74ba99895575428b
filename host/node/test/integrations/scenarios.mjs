/**
 * Conversations that every adapter must get through in the same way: what the user asks, what the
 * model answers, and what must come of it. A model is a list of answers, each a list of calls; after
 * the last one it says goodbye.
 */

/** @typedef {{ tool: string, arguments: Record<string, unknown> }} Call */

/**
 * @typedef {object} Scenario
 * @property {string} name
 * @property {string} user What the user typed.
 * @property {string} [system] The system prompt.
 * @property {Record<string, unknown>} [policy]
 * @property {number} [maxBlocks]
 * @property {boolean} [approve] What a person says when asked.
 * @property {boolean} [broken] The session is closed before the first call.
 * @property {Call[][]} answers
 * @property {string[]} ran The calls that reached a tool, as `tool value`.
 * @property {string[][]} [refused] What the model is told about each call that did not run: all of these.
 * @property {number} [warned] Warnings given.
 * @property {boolean} [turns] Only for adapters that see which calls belong to one answer.
 * @property {boolean} [stopped] The run ended early, by the retry cap.
 */

/** @param {string} account_id */
const refund = (account_id) => ({ tool: "refund", arguments: { order_id: "ORD-55-204817", account_id, amount: "40.00" } });
const search = { tool: "search_customer", arguments: { name: "Ada Lovelace" } };
const user = "Refund order ORD-55-204817 of Ada Lovelace.";
const twin = { decisions: { twin: "ask" } };

/** What `search_customer` finds. */
export const CUSTOMERS = {
  customers: [{ name: "Ada Lovelace", id: "cus_Nf81kQ2", accounts: [{ id: "acct_7H9j3", currency: "EUR" }], orders: ["ORD-55-204817"] }],
};

/** @type {Scenario[]} */
export const SCENARIOS = [
  {
    name: "an honest call passes in silence",
    user,
    answers: [[search], [refund("acct_7H9j3")]],
    ran: ["search_customer Ada Lovelace", "refund acct_7H9j3"],
    warned: 0,
  },
  {
    name: "a twin is blocked and the model corrects itself",
    user,
    answers: [[search], [refund("acct_7H9j2")], [refund("acct_7H9j3")]],
    ran: ["search_customer Ada Lovelace", "refund acct_7H9j3"],
    refused: [["acct_7H9j2", "acct_7H9j3", "never shown"]],
  },
  {
    name: "the refusal quotes the wrong value and does not vouch for it",
    user,
    answers: [[search], [refund("acct_7H9j2")], [refund("acct_7H9j2")], [refund("acct_7H9j3")]],
    ran: ["search_customer Ada Lovelace", "refund acct_7H9j3"],
    refused: [["acct_7H9j2"], ["acct_7H9j2", "stopped before"]],
  },
  {
    name: "a value blocked for the third time ends the run",
    user,
    answers: [[search], [refund("acct_7H9j2")], [refund("acct_7H9j2")], [refund("acct_7H9j2")], [refund("acct_7H9j3")]],
    ran: ["search_customer Ada Lovelace"],
    stopped: true,
  },
  {
    name: "the retry cap is the host's to set",
    user,
    maxBlocks: 1,
    answers: [[search], [refund("acct_7H9j2")], [refund("acct_7H9j3")]],
    ran: ["search_customer Ada Lovelace"],
    stopped: true,
  },
  {
    name: "different wrong values do not add up",
    user,
    maxBlocks: 2,
    answers: [[search], [refund("acct_7H9j2")], [refund("acct_7H9j4")], [refund("acct_7H9j3")]],
    ran: ["search_customer Ada Lovelace", "refund acct_7H9j3"],
    refused: [["acct_7H9j2"], ["acct_7H9j4"]],
  },
  {
    name: "a wrong value in several calls of one answer counts once",
    user,
    answers: [[search], [refund("acct_7H9j2"), refund("acct_7H9j2"), refund("acct_7H9j2")], [refund("acct_7H9j3")]],
    ran: ["search_customer Ada Lovelace", "refund acct_7H9j3"],
    refused: [["acct_7H9j2"], ["acct_7H9j2"], ["acct_7H9j2"]],
    turns: true,
  },
  {
    name: "what the user typed is known, and so are its twins",
    user: "Refund order ORD-55-204817 to account acct_4Kd8w.",
    answers: [[refund("acct_4Kd8v")], [refund("acct_4Kd8w")]],
    ran: ["refund acct_4Kd8w"],
    refused: [["acct_4Kd8v", "acct_4Kd8w"]],
  },
  {
    name: "what the system prompt says is known, and so are its twins",
    system: "You refund to the house account acct_4Kd8w and to no other.",
    user: "Refund order ORD-55-204817.",
    answers: [[refund("acct_4Kd8v")], [refund("acct_4Kd8w")]],
    ran: ["refund acct_4Kd8w"],
    refused: [["acct_4Kd8v", "acct_4Kd8w"]],
  },
  {
    name: "of parallel calls only the wrong one is refused",
    user,
    answers: [[search], [refund("acct_7H9j3"), refund("acct_7H9j2")]],
    ran: ["search_customer Ada Lovelace", "refund acct_7H9j3"],
    refused: [["acct_7H9j2"]],
  },
  {
    name: "ask: an approved call runs",
    user,
    policy: twin,
    approve: true,
    answers: [[search], [refund("acct_7H9j2")]],
    ran: ["search_customer Ada Lovelace", "refund acct_7H9j2"],
  },
  {
    name: "ask: a denied call does not run and the model is told",
    user,
    policy: twin,
    approve: false,
    answers: [[search], [refund("acct_7H9j2")], [refund("acct_7H9j3")]],
    ran: ["search_customer Ada Lovelace", "refund acct_7H9j3"],
    refused: [[]],
  },
  {
    name: "warn: the call runs and the warning is given",
    user,
    policy: { decisions: { twin: "warn" } },
    answers: [[search], [refund("acct_7H9j2")]],
    ran: ["search_customer Ada Lovelace", "refund acct_7H9j2"],
    warned: 1,
  },
  {
    name: "a guard that fails lets nothing through, and there is no endless loop",
    user,
    broken: true,
    answers: [[refund("acct_7H9j3")], [refund("acct_7H9j3")], [refund("acct_7H9j3")], [refund("acct_7H9j3")]],
    ran: [],
    stopped: true,
  },
];
