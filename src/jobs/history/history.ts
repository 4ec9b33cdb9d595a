// What was launched from here: looked at, run again, compared.
import { isUtf8 } from "node:buffer";
import { readFile, stat, writeFile } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../../core/errors.ts";
import { bytes } from "../../core/text.ts";
import { type GitState, gitChanges, gitState } from "../git.ts";
import { lastMetrics } from "../metrics/lastMetrics.ts";
import { LAID } from "../code/archive.ts";
import { recollect, type Snapshot } from "../code/snapshot.ts";
import type { LaunchEntry, LaunchJournal, RunEnd } from "../journal.ts";
import type { KubeClient } from "../../kube/client.ts";
import { ranImage } from "./ranImage.ts";
import { changedFiles, type ChangedFile, filesBelow, layCode } from "./codeOfRun.ts";
import { type ComparedRun, compareText } from "./compare.ts";
import { type CodeOfRun, type CodePlace, type LocalPlace, placeNow } from "./localPlace.ts";

/** For what is good to know and no more, in ms. */
const ASK_MS = 10_000;
/** Bytes of a file that an editor is given. */
const MAX_TEXT = 5_000_000;
/** Bytes of an archive that is laid out for the sake of one line. */
const MAX_LAID = 100_000_000;

export class History {
  readonly #journal: LaunchJournal;
  /** Where archives are, and where code is laid out. */
  readonly #store: string;

  constructor(journal: LaunchJournal, store: string) {
    this.#journal = journal;
    this.#store = store;
  }

  /** Launches that went out, newest first. */
  async runs(): Promise<readonly LaunchEntry[]> {
    return (await this.#journal.list()).filter(({ step }) => step === "started");
  }

  /** A follow has come to the job's end. What its pods ran is asked for while they are there. */
  async ended(uid: string, end: RunEnd, client: KubeClient): Promise<void> {
    const entry = (await this.runs()).find((candidate) => candidate.uid === uid);
    if (entry === undefined) return;
    // Who may not read them, or whose cluster is gone, has a run without it.
    const image = await ranImage(client, entry, AbortSignal.timeout(ASK_MS)).catch(() => undefined);
    await this.#journal.put({ ...entry, end: image === undefined ? end : { ...end, image } });
  }

  /** What of a launch's code is committed. How it differs from that is kept beside it. */
  async git({ root, hash }: Pick<Snapshot, "root" | "hash">): Promise<GitState | undefined> {
    // It is good to know and no more: a launch does not fail for want of it.
    const [git, changes = ""] = await Promise.all([gitState(root), gitChanges(root)]).catch(() => []);
    if (git?.dirty && changes !== "")
      await writeFile(this.#changesFile(hash, git.commit), changes, { mode: 0o600 }).catch(() => undefined);
    return git;
  }

  /** How a run's code differed from its commit, new files left out; undefined where it did not, or it is not kept. */
  async changesSince({ code, spec: { git } }: LaunchEntry): Promise<string | undefined> {
    if (!git?.dirty || code.hash === "") return undefined;
    return readFile(this.#changesFile(code.hash, git.commit), "utf8").catch(() => undefined);
  }

  /** It goes when the code of that hash does (`pruneArchives`). */
  #changesFile(hash: string, commit: string): string {
    return path.join(this.#store, `${hash}.${commit.slice(0, 12)}.diff`);
  }

  /** A folder with the code of a run, as it was. Rejects with UserError `no-code`. */
  async code({ code }: LaunchEntry): Promise<string> {
    if (code.hash === "")
      throw new UserError("no-code", "This run has no code on this computer.", {
        why: "It was launched by a manifest that somebody wrote.",
      });
    return layCode(code.archive?.file, path.join(this.#store, LAID, code.hash));
  }

  /**
   * Where a line of the run's code stands in the local file, whether that has changed since or not. Rejects with the file
   * system's error where it is not there.
   */
  async place({ root, launch }: CodeOfRun, at: CodePlace): Promise<LocalPlace> {
    const entry = await this.#journal.get(launch);
    const isKept = entry?.code.archive !== undefined && entry.code.archive.bytes <= MAX_LAID;
    // What is not kept any more cannot be compared.
    const sent = isKept ? await this.code(entry).catch(() => undefined) : undefined;
    return placeNow(root, entry?.spec.script, at, sent);
  }

  /** A file of a run's code as a text; a word in its place where it is none, or very large. */
  async text(entry: LaunchEntry, file: string): Promise<string> {
    const place = path.join(await this.code(entry), file);
    const { size } = await stat(place);
    if (size > MAX_TEXT) return `${bytes(size)}: too large to be shown\n`;
    const content = await readFile(place);
    return isUtf8(content) ? content.toString("utf8") : `${bytes(size)} that are no text\n`;
  }

  /** The same code, as if it was collected now; its hash is the same, or UserError `no-code`. */
  async snapshot(entry: LaunchEntry, signal?: AbortSignal): Promise<Snapshot> {
    const root = await this.code(entry);
    const { searched = [], requirements } = entry.code;
    const { root: local, path: script } = entry.spec.script;
    const known = { root: local, script, searched, ...(requirements === undefined ? {} : { requirements }) };
    const again = await recollect(root, await filesBelow(root), known, this.#store, signal);
    if (again.hash !== entry.code.hash)
      throw new UserError("no-code", "The code of this run cannot be used again.", {
        why: "What is kept of it is not what was sent.",
      });
    return again;
  }

  /** Rejects as `code` does, where one of the two is not kept. */
  async changes(first: LaunchEntry, second: LaunchEntry): Promise<readonly ChangedFile[]> {
    if (first.code.hash === second.code.hash) return [];
    return changedFiles(await this.code(first), await this.code(second));
  }

  /** A text with a column for each run, oldest first. `when` words a wall time. */
  async compare(entries: readonly LaunchEntry[], when: (time: number) => string): Promise<string> {
    const sorted = [...entries].sort((a, b) => a.time - b.time);
    const [first] = sorted;
    const runs = sorted.map(async (entry): Promise<ComparedRun> => {
      const changes =
        first === undefined || entry === first
          ? undefined
          : await this.changes(first, entry).catch((error: unknown) => {
              if (error instanceof UserError && error.code === "no-code") return undefined;
              throw error;
            });
      const metrics = entry.end === undefined ? new Map<string, number>() : await lastMetrics(entry.end.log);
      return { entry, metrics, changes };
    });
    return compareText(await Promise.all(runs), when);
  }
}
