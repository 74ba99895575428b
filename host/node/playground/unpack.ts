/** Bytes to bytes: what was packed is unpacked, and what is no text is refused with a way out. */

/** More than this, and an archive of a few kilobytes could fill the machine's memory. */
const MOST_BYTES = 512 * 1024 * 1024;

const GZIP = [0x1f, 0x8b];
const UTF8_MARK = [0xef, 0xbb, 0xbf];

/** What is recognised only to say what to do about it. */
const REFUSED: readonly (readonly [mark: readonly number[], message: string])[] = [
  [[0x28, 0xb5, 0x2f, 0xfd], "zstd, which browsers do not unpack; expected JSON or JSON Lines, plain or as gzip: unpack it first"],
  [[0x50, 0x4b, 0x03, 0x04], "a zip archive; expected JSON or JSON Lines, plain or as gzip: unpack it first"],
  [[0xff, 0xfe], "UTF-16 text; expected UTF-8: convert it first, as with `iconv -f UTF-16 -t UTF-8`"],
  [[0xfe, 0xff], "UTF-16 text; expected UTF-8: convert it first, as with `iconv -f UTF-16 -t UTF-8`"],
];

/** The text in a file, as bytes. @throws Error with the reason and the way out. */
export async function read(file: Blob): Promise<Uint8Array<ArrayBuffer>> {
  if (file.size > MOST_BYTES) throw new Error(tooLarge());
  const bytes = await gunzip(new Uint8Array(await file.arrayBuffer()));
  for (const [mark, message] of REFUSED) if (starts(bytes, mark)) throw new Error(message);
  if (bytes.subarray(0, 1024).includes(0)) throw new Error("binary data; expected JSON or JSON Lines, plain or as gzip");
  return starts(bytes, UTF8_MARK) ? bytes.subarray(UTF8_MARK.length) : bytes;
}

/** Unpacks gzip; other bytes are handed back as they are. */
export async function gunzip(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  if (!starts(bytes, GZIP)) return bytes;
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (let next = await reader.read(); !next.done; next = await reader.read()) {
    length += next.value.length;
    if (length > MOST_BYTES) throw new Error(tooLarge());
    parts.push(next.value);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

function tooLarge(): string {
  return `more than ${MOST_BYTES / 1024 / 1024} MiB; split it, or use \`twinguard verify\` on the command line`;
}

function starts(bytes: Uint8Array, mark: readonly number[]): boolean {
  return mark.every((byte, index) => bytes[index] === byte);
}
