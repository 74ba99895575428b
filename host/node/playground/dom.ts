/** Elements, made without markup: whatever text comes in stays text. */

type Content = Node | string | false | null | undefined;

/** Attributes by name; `true` sets one without a value, and a function listens to the event `onNAME`. */
type Attributes = Readonly<Record<string, string | boolean | undefined | ((event: Event) => void)>>;

/**
 * Makes an element.
 *
 * @example `h("button", { type: "button", onclick: load }, "Load the example")`
 */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  attributes: Attributes = {},
  ...content: readonly Content[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value);
    else if (typeof value === "string") element.setAttribute(name, value);
    else if (value === true) element.setAttribute(name, "");
  }
  element.append(...content.filter((part) => part !== false && part != null));
  return element;
}

/** The element of the page with this id. @throws Error when the page has none: a mistake in it. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`the page has no ${type.name} \`${id}\``);
  return element;
}

/** A text of at most `most` characters, with its length where it is cut. */
export function clip(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most)}… (${number(text.length)} characters)`;
}

/** "1 call", "1,164 calls". */
export function count(amount: number, noun: string): string {
  return `${number(amount)} ${noun}${amount === 1 ? "" : "s"}`;
}

export function number(amount: number): string {
  return amount.toLocaleString("en");
}
