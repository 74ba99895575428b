import assert from "node:assert/strict";
import { test } from "node:test";
import { Guard } from "twinguard";
import { CUSTOMERS, SCENARIOS } from "./scenarios.mjs";

/** @typedef {import("./scenarios.mjs").Scenario} Scenario */
/** @typedef {import("twinguard").Session} Session */
/** @typedef {{ maxBlocks?: number, onWarn: (warning: { message: string }) => void }} Options */

/**
 * What an adapter's test has to do: play the scenario through the real framework, with `shop` as
 * its tools.
 *
 * @typedef {object} Stage
 * @property {Scenario} scenario
 * @property {Session} session
 * @property {Options} options For the conversation.
 * @property {Shop} shop
 */

/**
 * @typedef {object} Played
 * @property {string[]} refused What the model was told about each call that did not run.
 * @property {boolean} stopped Whether the run ended by the retry cap.
 */

/** The tools, and which of their calls ran. */
export class Shop {
  /** @type {string[]} */
  ran = [];

  /** @param {{ name: string }} input */
  search_customer({ name }) {
    this.ran.push(`search_customer ${name}`);
    return CUSTOMERS;
  }

  /** @param {{ order_id: string, account_id: string, amount: string }} input */
  refund({ account_id, amount }) {
    this.ran.push(`refund ${account_id}`);
    return { status: "refunded", account_id, amount };
  }
}

/**
 * Whether the results of tools that a session was told of, from here on, were incomplete.
 *
 * @param {Session} session
 */
export function incompleteResults(session) {
  /** @type {boolean[]} */
  const incomplete = [];
  const observe = session.observe.bind(session);
  session.observe = (content, options) => {
    if ((options?.source ?? "tool-result") === "tool-result") incomplete.push(options?.incomplete ?? false);
    return observe(content, options);
  };
  return incomplete;
}

/**
 * One test for each scenario.
 *
 * @param {string} adapter
 * @param {(stage: Stage) => Promise<Played>} play
 * @param {{ turns: boolean }} [sees] Whether the adapter sees which calls belong to one answer.
 */
export function everyScenario(adapter, play, { turns } = { turns: true }) {
  const guard = new Guard();
  for (const scenario of SCENARIOS.filter((scenario) => turns || !scenario.turns)) {
    test(`${adapter}: ${scenario.name}`, async () => {
      const session = (scenario.policy ? new Guard(scenario.policy) : guard).session();
      if (scenario.broken) session.close();
      const shop = new Shop();
      /** @type {string[]} */
      const warnings = [];
      /** @type {Options} */
      const options = { onWarn: ({ message }) => warnings.push(message) };
      if (scenario.maxBlocks !== undefined) options.maxBlocks = scenario.maxBlocks;
      const played = await play({ scenario, session, options, shop });

      assert.deepEqual(shop.ran, scenario.ran);
      assert.equal(played.stopped, scenario.stopped ?? false);
      if (scenario.warned !== undefined) assert.equal(warnings.length, scenario.warned, warnings.join("\n"));
      if (scenario.stopped) return; // refusals before the end are another scenario's
      const refused = scenario.refused ?? [];
      assert.equal(played.refused.length, refused.length, played.refused.join("\n"));
      refused.forEach((words, index) => {
        for (const word of words) assert.ok(played.refused[index]?.includes(word), `\`${word}\` is missing in: ${played.refused[index]}`);
      });
    });
  }
}
