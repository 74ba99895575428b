/** Tabs as the ARIA practices have them: one tab stop, arrows move and choose. */

import { byId } from "./dom.js";

export function tabs(list: HTMLElement): void {
  const all = [...list.querySelectorAll<HTMLElement>('[role="tab"]')];
  const panels = all.map((tab) => byId(tab.getAttribute("aria-controls") ?? "", HTMLElement));
  const choose = (chosen: number) => {
    for (const [index, tab] of all.entries()) {
      tab.setAttribute("aria-selected", String(index === chosen));
      tab.tabIndex = index === chosen ? 0 : -1;
      const panel = panels[index];
      if (panel !== undefined) panel.hidden = index !== chosen;
    }
  };
  for (const [index, tab] of all.entries()) {
    tab.addEventListener("click", () => choose(index));
    tab.addEventListener("keydown", ({ key }) => {
      const to = moved(key, index, all.length, "ArrowLeft", "ArrowRight");
      if (to === undefined) return;
      choose(to);
      all[to]?.focus();
    });
  }
  choose(0);
}

/** Where a key leads in a row of things, from one end around to the other. */
export function moved(key: string, from: number, length: number, back: string, on: string): number | undefined {
  switch (key) {
    case back:
      return (from + length - 1) % length;
    case on:
      return (from + 1) % length;
    case "Home":
      return 0;
    case "End":
      return length - 1;
    default:
      return undefined;
  }
}
