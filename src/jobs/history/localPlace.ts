// Where a line of a run's code stands on this computer by now.
import { readFile } from "node:fs/promises";
import path from "node:path";
import { notebookCode, sentCells } from "../code/notebook.ts";
import type { LaunchSpec } from "../spec.ts";
import { type CodeReference, localFile, movedLine } from "../traceback.ts";

/** The code of a run on this computer. */
export interface CodeOfRun {
  /** Folder of the snapshot. */
  readonly root: string;
  /** Id of the launch, by which it is known what was sent. */
  readonly launch: string;
}

export type CodePlace = Pick<CodeReference, "path" | "line" | "cell">;

export interface LocalPlace {
  /** Local path. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  /** Of a notebook: which of its code cells, counted from 1. */
  readonly cell?: number;
  /** It is not what was sent. */
  readonly hasChanged: boolean;
  /** The file as it was sent, where the two can be looked at beside each other. */
  readonly sent?: string;
}

/**
 * `sent`: folder with what was sent, where that is kept. Rejects with the file system's error where the local file is not
 * there.
 */
export async function placeNow(
  root: string,
  script: LaunchSpec["script"] | undefined,
  { path: at, line, cell }: CodePlace,
  sent: string | undefined,
): Promise<LocalPlace> {
  if (cell !== undefined) {
    // A cell is compiled under the notebook's name without its folder.
    const isScript = script !== undefined && path.posix.basename(script.path) === `${path.posix.basename(at)}.py`;
    const book = isScript ? script.path.slice(0, -3) : at;
    return cellNow(localFile(root, { path: book }), line, cell, sent && localFile(sent, { path: `${book}.py` }));
  }
  const file = localFile(root, { path: at });
  const now = await readFile(file);
  const before = sent === undefined ? undefined : localFile(sent, { path: at });
  // What was sent is not there where the run is another one's.
  const was = before === undefined ? undefined : await readFile(before).catch(() => undefined);
  if (was === undefined || before === undefined || was.equals(now)) return { file, line, hasChanged: false };
  return { file, line: movedLine(was.toString(), now.toString(), line), hasChanged: true, sent: before };
}

async function cellNow(file: string, line: number, cell: number, sent: string | undefined): Promise<LocalPlace> {
  const now = sentCells(notebookCode(await readFile(file, "utf8"), path.basename(file)).script);
  const was = sent === undefined ? undefined : sentCells(await readFile(sent, "utf8").catch(() => "")).get(cell);
  if (was === undefined || was === now.get(cell)) return { file, line, cell, hasChanged: false };
  const [moved] = [...now].find(([, source]) => source === was) ?? [];
  if (moved !== undefined) return { file, line, cell: moved, hasChanged: false };
  return { file, line: movedLine(was, now.get(cell) ?? "", line), cell, hasChanged: true };
}
