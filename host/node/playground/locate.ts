/**
 * Where an identifier stands in a text. The guard names the value by a JSON Pointer and counts bytes
 * in the decoded value; a page needs the characters of the text as it was written.
 */

import { type JSONPath, visit } from "jsonc-parser";

/** A stretch of text in UTF-16 units, `end` exclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** A value of the text, or the plain text around the values. */
interface Leaf extends Range {
  /** In a JSON string: its escapes count as what they stand for. */
  readonly escaped: boolean;
  /** The unit at which each byte of the decoded value starts; made when first asked for. */
  units?: (byte: number) => number;
}

/** As many vain searches as a text is worth; each reads all of it. */
const MOST_FAILURES = 500;
/** Longer texts are not taken apart; what stands in them is searched for. */
const LONGEST_READ = 2_000_000;

const CREDENTIAL = "[credential]";

/**
 * Finds the identifiers of one text. Ask in the order of the text: it is quickest, and among equals
 * the first that is not yet taken is found.
 */
export class Locator {
  readonly #text: string;
  readonly #leaves = new Map<string, Leaf[]>();
  /** Of each pointer the leaf that was found last. */
  readonly #last = new Map<string, number>();
  readonly #taken = new Set<number>();
  readonly #searched = new Map<string, number>();
  #failed = 0;

  constructor(text: string) {
    this.#text = text;
    try {
      if (text.length <= LONGEST_READ) this.#read();
    } catch (error) {
      // Nested beyond the stack: its identifiers are found by their text.
      if (!(error instanceof RangeError)) throw error;
    }
  }

  /**
   * @param span - Bytes in the decoded value at `pointer`.
   * @param written - What stands there, to be sure: a pointer may name several values.
   */
  find(pointer: string, [from, to]: readonly [number, number], written: string): Range | undefined {
    const leaves = this.#leaves.get(pointer) ?? [];
    const last = this.#last.get(pointer) ?? 0;
    for (let step = 0; step < leaves.length; step++) {
      const index = (last + step) % leaves.length;
      const leaf = leaves[index] as Leaf;
      const range = { start: this.#unit(leaf, from), end: this.#unit(leaf, to) };
      if (!this.#taken.has(range.start) && (written === CREDENTIAL || this.#holds(range, written))) {
        this.#last.set(pointer, index);
        return this.#take(range);
      }
    }
    return this.search(written);
  }

  /** The next place of a text, from where it was found last, that is not taken. */
  search(written: string): Range | undefined {
    if (written === "" || written === CREDENTIAL || this.#failed > MOST_FAILURES) return undefined;
    let at = this.#searched.get(written) ?? -1;
    do at = this.#text.indexOf(written, at + 1);
    while (this.#taken.has(at));
    if (at < 0) {
      this.#failed++;
      return undefined;
    }
    this.#searched.set(written, at);
    return this.#take({ start: at, end: at + written.length });
  }

  #take(range: Range): Range {
    this.#taken.add(range.start);
    return range;
  }

  #holds({ start, end }: Range, written: string): boolean {
    const raw = this.#text.slice(start, end);
    if (raw === written) return true;
    const once = unescaped(raw);
    // In JSON inside a string, escapes are escaped.
    return once === written || (once !== undefined && unescaped(once) === written);
  }

  /** Documents one after the other, as in JSON Lines, and the rest as plain text. */
  #read(): void {
    let at = 0;
    for (;;) {
      at += /^\s*/.exec(this.#text.slice(at))?.[0].length ?? 0;
      if (!'{["'.includes(this.#text.charAt(at)) || at >= this.#text.length) break;
      const { end, whole } = this.#document(at);
      at = end;
      if (!whole) break;
    }
    this.#add("", { start: at, end: this.#text.length, escaped: false });
  }

  /** One JSON value. @returns Where it ends, or where it stops being JSON. */
  #document(at: number): { end: number; whole: boolean } {
    let depth = 0;
    let whole = false;
    let end = at;
    const opened = () => {
      depth++;
      return true;
    };
    const closed = (offset: number, length: number) => {
      depth--;
      end = at + offset + length;
      whole ||= depth === 0;
    };
    const add = (path: JSONPath, offset: number, length: number) => {
      if (whole) return;
      const start = at + offset;
      const string = this.#text.charAt(start) === '"';
      const quote = string ? 1 : 0;
      this.#add(toPointer(path), { start: start + quote, end: start + length - quote, escaped: string });
      end = start + length;
      whole = depth === 0;
    };
    let broken = false;
    visit(
      this.#text.slice(at),
      {
        onObjectBegin: opened,
        onArrayBegin: opened,
        onObjectEnd: closed,
        onArrayEnd: closed,
        onObjectProperty: (name, offset, length, _line, _character, path) => {
          if (!broken) add([...path(), name], offset, length);
        },
        onLiteralValue: (_value, offset, length, _line, _character, path) => {
          if (!broken) add(path(), offset, length);
        },
        // What follows the value is the next document's.
        onError: () => {
          broken ||= !whole;
        },
      },
      { disallowComments: true },
    );
    return { end, whole: whole && !broken };
  }

  #add(pointer: string, leaf: Leaf): void {
    const leaves = this.#leaves.get(pointer);
    if (leaves === undefined) this.#leaves.set(pointer, [leaf]);
    else leaves.push(leaf);
  }

  #unit(leaf: Leaf, byte: number): number {
    leaf.units ??= units(this.#text.slice(leaf.start, leaf.end), leaf.escaped);
    return leaf.start + leaf.units(byte);
  }
}

/** From a byte of the decoded text to the unit of `raw` at which its character starts. */
function units(raw: string, escaped: boolean): (byte: number) => number {
  // Most values, and every large one worth the pages that a map of it would take.
  if (!/[^\t\n\r\x20-\x5b\x5d-\x7e]/.test(raw) || (!escaped && !/[^\0-\x7f]/.test(raw))) return (byte) => Math.min(byte, raw.length);
  const map = new Uint32Array(raw.length * 3 + 1);
  const one = escaped ? /\\u[dD][89abAB]..\\u[dD][c-fC-F]..|\\u....|\\.|./gsu : /./gsu;
  let byte = 0;
  for (const { 0: character, index } of raw.matchAll(one)) {
    const length = bytesOf(character);
    map.fill(index, byte, byte + length);
    byte += length;
  }
  return (at) => (at < byte ? (map[at] ?? raw.length) : raw.length);
}

/** UTF-8 bytes of a character as it is written in JSON. */
function bytesOf(character: string): number {
  if (character.startsWith("\\u")) {
    if (character.length > 6) return 4;
    return bytes(Number.parseInt(character.slice(2), 16));
  }
  return character.startsWith("\\") && character.length > 1 ? 1 : bytes(character.codePointAt(0) ?? 0);
}

function bytes(point: number): number {
  if (point < 0x80) return 1;
  if (point < 0x800) return 2;
  return point < 0x10000 ? 3 : 4;
}

function unescaped(raw: string): string | undefined {
  try {
    return String(JSON.parse(`"${raw}"`));
  } catch {
    return undefined;
  }
}

function toPointer(path: JSONPath): string {
  return path.map((segment) => `/${String(segment).replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}
