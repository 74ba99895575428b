/**
 * Paths to bytes: files and folders, plain or compressed.
 *
 * @module
 */

import { readdir, readFile, realpath, stat } from "node:fs/promises";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { reason } from "./json.js";

/** What a file in a folder has to be called to be read. One that is named may be called anything. */
const TRACE = /\.(?:json|jsonl|ndjson|traj|eval)(?:\.gz|\.zst)?$/i;

const GZIP = [0x1f, 0x8b];
const ZSTD = [0x28, 0xb5, 0x2f, 0xfd];
const ZIP = [0x50, 0x4b, 0x03, 0x04];
const UTF8_MARK = [0xef, 0xbb, 0xbf];
const UTF16_MARKS = [
  [0xff, 0xfe],
  [0xfe, 0xff],
];

/** Node 22.15 and later have it. */
const zstdDecompress = (zlib as { zstdDecompress?: typeof zlib.gunzip }).zstdDecompress;

/** A file that was found, or what is wrong with a path. */
export type Found = { readonly file: string } | { readonly file: string; readonly message: string };

/** The files that a path names: itself, or those of a folder, sorted, hidden ones left out. */
export async function* find(path: string): AsyncGenerator<Found> {
  let found = false;
  try {
    const folder = (await stat(path)).isDirectory();
    for await (const entry of folder ? walk(path, []) : [{ file: path }]) {
      found = true;
      yield entry;
    }
  } catch (error) {
    return yield { file: path, message: unreadable(error) };
  }
  if (!found)
    yield {
      file: path,
      message:
        "no traces in this folder; files ending in .json, .jsonl, .ndjson, .traj, .eval are read (also with .gz or .zst after it), others when they are named",
    };
}

/** What a file holds, unpacked. @throws Error with the reason and the way out. */
export async function read(file: string): Promise<Uint8Array> {
  const bytes = await unpack(await readFile(file));
  if (starts(bytes, ZIP))
    throw new Error(
      "a zip archive; expected JSON or JSON Lines, plain or as gzip or zstd: unpack it first (a log of inspect-ai: `inspect log dump FILE`)",
    );
  if (UTF16_MARKS.some((mark) => starts(bytes, mark))) {
    throw new Error("UTF-16 text; expected UTF-8: convert it first, as with `iconv -f UTF-16 -t UTF-8`");
  }
  if (bytes.subarray(0, 1024).includes(0)) throw new Error("binary data; expected JSON or JSON Lines, plain or as gzip or zstd");
  return starts(bytes, UTF8_MARK) ? bytes.subarray(UTF8_MARK.length) : bytes;
}

async function unpack(bytes: Buffer): Promise<Buffer> {
  if (starts(bytes, GZIP)) return promisify(zlib.gunzip)(bytes);
  if (!starts(bytes, ZSTD)) return bytes;
  if (zstdDecompress === undefined) throw new Error("zstd, which Node reads from 22.15 on; unpack it first");
  return promisify(zstdDecompress)(bytes);
}

/** @param above - The folders on the way here, so that a link to one of them ends. */
async function* walk(folder: string, above: readonly string[]): AsyncGenerator<Found> {
  const real = await realpath(folder);
  if (above.includes(real)) return;
  const names = await readdir(folder);
  for (const name of names.filter((name) => !name.startsWith(".")).sort()) {
    const path = join(folder, name);
    try {
      // Through links, but a link to nothing is an issue, not the end.
      const about = await stat(path);
      if (about.isDirectory()) yield* walk(path, [...above, real]);
      else if (about.isFile() && TRACE.test(basename(path))) yield { file: path };
    } catch (error) {
      yield { file: path, message: unreadable(error) };
    }
  }
}

function starts(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, index) => bytes[index] === byte);
}

function unreadable(error: unknown): string {
  return `cannot be read: ${reason(error)}`;
}
