/** JSON in lines, as one would write it by hand: what fits in a line stays in one. */

import { createScanner } from "jsonc-parser";
import type { Range } from "./locate.js";

/** Characters of a line. */
const WIDTH = 84;
const INDENT = "  ";
/** Longer texts are shown as they are. */
const LONGEST = 300_000;
/** Deeper ones too: a line each would be mostly space. */
const DEEPEST = 50;

interface Token {
  readonly offset: number;
  readonly text: string;
}

/**
 * @param ranges - Stretches of the text, in its order, none across two tokens.
 * @returns The text, and where the stretches are in it. What is not JSON comes back as it is.
 */
export function setOut(text: string, ranges: readonly Range[]): { text: string; places: readonly Range[] } {
  if (text.length > LONGEST || !isJson(text)) return { text, places: ranges };
  const tokens = scan(text);
  const closes = closing(tokens);
  if (closes === undefined) return { text, places: ranges };
  const widths = flatWidths(tokens);
  const places: Range[] = [];
  let [out, column, depth, flatUntil, next] = ["", 0, 0, -1, 0];
  const write = (piece: string) => {
    out += piece;
    column += piece.length;
  };
  const line = () => {
    out += `\n${INDENT.repeat(depth)}`;
    column = depth * INDENT.length;
  };
  for (const [index, token] of tokens.entries()) {
    const { offset, text: piece } = token;
    const close = closes.get(index);
    const flat = index <= flatUntil;
    if (close !== undefined && !flat && (close === index + 1 || column + width(widths, index, close) <= WIDTH)) flatUntil = close;
    const broken = index > flatUntil;
    if (broken && isEnd(piece)) {
      depth--;
      line();
    }
    const shift = out.length - offset;
    for (let range = ranges[next]; range !== undefined && range.start < offset + piece.length; range = ranges[++next])
      places.push({ start: range.start + shift, end: range.end + shift });
    write(piece);
    if (piece === ":" || (piece === "," && !broken)) write(" ");
    else if (piece === ",") line();
    else if (close !== undefined && broken) {
      depth++;
      line();
    }
  }
  return { text: out, places };
}

function scan(text: string): Token[] {
  const scanner = createScanner(text, true);
  const tokens: Token[] = [];
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan()) {
    const offset = scanner.getTokenOffset();
    tokens.push({ offset, text: text.slice(offset, offset + scanner.getTokenLength()) });
  }
  return tokens;
}

/** At each token, the width of all before it in one line. */
function flatWidths(tokens: readonly Token[]): number[] {
  const widths = [0];
  for (const { text } of tokens) {
    const space = text === ":" || text === "," ? 1 : 0;
    widths.push((widths.at(-1) ?? 0) + text.length + space);
  }
  return widths;
}

function width(widths: readonly number[], from: number, to: number): number {
  return (widths[to + 1] ?? 0) - (widths[from] ?? 0);
}

/** Of each opening bracket the closing one; nothing when they are too deep. */
function closing(tokens: readonly Token[]): Map<number, number> | undefined {
  const closes = new Map<number, number>();
  const open: number[] = [];
  for (const [index, { text }] of tokens.entries()) {
    if (open.length > DEEPEST) return undefined;
    if (text === "{" || text === "[") open.push(index);
    else if (isEnd(text)) closes.set(open.pop() ?? index, index);
  }
  return closes;
}

function isEnd(token: string): boolean {
  return token === "}" || token === "]";
}

function isJson(text: string): boolean {
  if (!/^\s*[[{]/.test(text)) return false;
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
