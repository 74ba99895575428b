import { fileURLToPath } from "node:url";
import { InvalidInput } from "./errors.js";
import { find, read } from "./files.js";
import { string } from "./input.js";
import { reason } from "./json.js";
import { type Line, type VerifyOptions, verifyTraces } from "./traces.js";

/**
 * Judges every tool call in recorded conversations, each in a session of its own.
 *
 * Yields the lines of `twinguard verify --format jsonl`, without its summary, file by file; one file
 * at a time is held in memory. What cannot be read is a line of type `issue`, and the rest goes on:
 * input with an issue must not be taken for clean.
 *
 * @param paths - Files and folders, one or many; plain, as gzip, or (Node 22.15 and later) as zstd.
 *   A file may hold many conversations, and their format is found by content. Archives of inspect-ai
 *   (`.eval`) are an issue here; the command and the Python package open them.
 * @throws {@link InvalidPolicy} when the policy is wrong. {@link InvalidInput} for paths that are
 *   none, or a format that does not exist.
 * @example
 * ```ts
 * for await (const line of verify("traces/")) {
 *   if (line.type === "finding" && line.decision === "block") console.log(line.trace, line.message);
 * }
 * ```
 */
export async function* verify(
  paths: string | URL | Iterable<string | URL>,
  options: VerifyOptions = {},
): AsyncGenerator<Line, void, undefined> {
  // Wrong for every file or for none, so it is said before the first one is read.
  verifyTraces({ name: "-", content: "" }, options);
  for (const path of list(paths)) {
    for await (const found of find(path)) {
      const content = "message" in found ? new Error(found.message) : await read(found.file).catch((error: unknown) => error);
      if (content instanceof Uint8Array) {
        yield* verifyTraces({ name: found.file, content }, options);
      } else {
        const message = content instanceof Error ? content.message : String(content);
        yield { type: "issue", file: found.file, line: null, message };
      }
    }
  }
}

function list(paths: string | URL | Iterable<string | URL>): string[] {
  if (typeof paths === "string" || paths instanceof URL) return [local(paths)];
  if (typeof paths === "object" && paths !== null && Symbol.iterator in paths) return Array.from(paths, local);
  throw new InvalidInput("paths: give a path, or a list of paths");
}

function local(path: string | URL): string {
  if (!(path instanceof URL)) return string(path, "a path");
  try {
    return fileURLToPath(path);
  } catch (error) {
    throw new InvalidInput(`a path is \`${path}\`: ${reason(error)}; give a path, or a URL of a file on this machine`, "", {
      cause: error,
    });
  }
}
