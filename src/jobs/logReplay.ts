import fs from "node:fs/promises";
import type { Source } from "../kubeflow/model.ts";

/** A line of a log file. */
export interface LogLine {
  /** Undefined for a line of our own: header, state, mark, verdict. */
  readonly source: Source | undefined;
  readonly text: string;
}

const CHUNK_BYTES = 256 * 1024;
const LINE_FEED = 0x0a;
/** `0 │ text`, as LogFile writes what replicas said. Their text may hold U+2028, at which `.` would stop. */
const SAID = /^(?:(\d{1,7})|([a-z0-9][a-z0-9.-]{0,62})) │ ([^]*)$/;

/** Reads what LogFile wrote. */
export function readLogLine(line: string): LogLine {
  const [, rank, name, text] = SAID.exec(line) ?? [];
  if (text === undefined) return { source: undefined, text: line };
  return { source: rank === undefined ? name : Number(rank), text };
}

/**
 * The last lines that are wanted, at most `max`, in their order. `files`: the parts of one log, in theirs. Read from the
 * end, so that a long log costs no more than what is looked for in it. Rejects with the file system's error.
 */
export async function lastLines(
  files: readonly string[],
  max: number,
  wanted: (line: LogLine) => boolean,
): Promise<LogLine[]> {
  const found: LogLine[] = [];
  for (const file of files.toReversed()) {
    for await (const text of backwards(file)) {
      const line = readLogLine(text);
      if (wanted(line) && found.push(line) >= max) return found.reverse();
    }
  }
  return found.reverse();
}

/** The lines of a file that ends with a line feed, the last one first. */
async function* backwards(path: string): AsyncGenerator<string> {
  const file = await fs.open(path);
  try {
    let end = (await file.stat()).size - 1;
    /** Of a line whose beginning was not read yet. */
    let rest: Buffer[] = [];
    while (end > 0) {
      const length = Math.min(CHUNK_BYTES, end);
      const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, end - length);
      end -= length;
      const chunk = buffer.subarray(0, bytesRead);
      const first = end === 0 ? -1 : chunk.indexOf(LINE_FEED);
      if (end > 0 && first < 0) {
        rest.unshift(chunk);
        continue;
      }
      // Line feeds never are part of another character: what lies between two may be decoded.
      const whole = Buffer.concat([chunk.subarray(first + 1), ...rest]);
      yield* whole.toString("utf8").split("\n").reverse();
      rest = first < 0 ? [] : [chunk.subarray(0, first)];
    }
  } finally {
    await file.close();
  }
}
