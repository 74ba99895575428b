/**
 * The limit of a session's memory. It stands in the module itself, where the engine holds to it:
 * an allocation beyond it fails inside, and the instance stops.
 *
 * @module
 */

import { InvalidInput } from "./errors.js";

/** WebAssembly's unit of memory, in bytes. */
export const PAGE = 64 * 1024;

/** The most that 32-bit addresses reach, in pages. */
const MOST_PAGES = 65_536;

/** Bytes before the first section: magic number and version. */
const HEADER = 8;
const MEMORY_SECTION = 5;
const HAS_MAXIMUM = 1;

/**
 * The same module with `pages` as the maximum of its one memory.
 *
 * @returns A copy; the module comes back as it was when `pages` is the most there can be.
 * @throws {@link InvalidInput} when the module does not declare one memory: it is not ours.
 */
export function limitMemory(module: Uint8Array<ArrayBuffer>, pages: number): Uint8Array<ArrayBuffer> {
  if (pages >= MOST_PAGES) return module;
  for (let at = HEADER; at < module.length; ) {
    const size = readInteger(module, at + 1);
    const end = size.next + size.value;
    if (module[at] === MEMORY_SECTION) {
      const count = readInteger(module, size.next);
      const minimum = readInteger(module, count.next + 1);
      if (count.value !== 1) break;
      const content = [1, HAS_MAXIMUM, ...writeInteger(minimum.value), ...writeInteger(Math.max(pages, minimum.value))];
      const section = [MEMORY_SECTION, ...writeInteger(content.length), ...content];
      const limited = new Uint8Array(at + section.length + module.length - end);
      limited.set(module.subarray(0, at));
      limited.set(section, at);
      limited.set(module.subarray(end), at + section.length);
      return limited;
    }
    at = end;
  }
  throw new InvalidInput("these are not the bytes of the component's main module, as `twinguard/guard.wasm` has them");
}

/** Reads an unsigned LEB128 number. */
function readInteger(bytes: Uint8Array, at: number): { value: number; next: number } {
  let value = 0;
  for (let shift = 0, next = at; ; shift += 7) {
    const byte = bytes[next++] ?? 0;
    value += (byte & 0x7f) * 2 ** shift;
    if (byte < 0x80) return { value, next };
  }
}

/** Writes an unsigned LEB128 number. */
function writeInteger(value: number): number[] {
  return value < 0x80 ? [value] : [(value % 0x80) + 0x80, ...writeInteger(Math.floor(value / 0x80))];
}
