import { spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { open, readFile } from "node:fs/promises";
import path from "node:path";
import { UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { ARGV, makeFolders, runsFolder, type TerraformPlace } from "./commands.ts";
import type { FailureContext } from "./failures.ts";
import { type RunEnd } from "./runEnd.ts";
import { HELD, type KeeperTask, latestRun, type Run, type RunStatus } from "./runs.ts";
import { readEnd } from "./runWatch.ts";
import type { Resource } from "./stream.ts";
import type { MadePlan, Terraform } from "./terraform.ts";
import { importCommand } from "./words.ts";

export interface KeeperProgram {
  /** Node, or the editor's own program. */
  readonly execPath: string;
  /** `keeper.js` of the bundle. */
  readonly script: string;
  /** Milliseconds that it may take to begin; 30,000 where left out. */
  readonly startMs?: number;
}

const START_MS = 30_000;
const LOOK_MS = 40;

/**
 * Has a keeper carry out the plan that was shown: it goes on when the window or the editor ends. Where a run of this
 * cluster is on already, from whatever window, that one is given back as `attached`, and the plan stays undone. Throws
 * UserError `run-not-started`, or `run-not-seen` where it may still begin.
 */
export async function startApply(
  terraform: Terraform,
  plan: MadePlan,
  keeper: KeeperProgram,
): Promise<{ readonly run: Run; readonly attached: boolean }> {
  const { place, program } = terraform;
  await makeFolders(place);
  const runs = runsFolder(place);
  const id = randomUUID();
  const task: KeeperTask = {
    ...{ runs, file: program.file, args: [...ARGV.apply(plan.file)], plan: plan.file },
    run: {
      ...{ id, kind: plan.kind, program: { kind: program.kind, version: program.version }, folder: place.folder },
      ...{ planHash: plan.hash, startedAt: Date.now(), ...plan.expected },
    },
  };
  const log = path.join(place.storage, "keeper.log");
  const ended = await startKeeper(task, keeper, terraform.env, log);
  const limit = Date.now() + (keeper.startMs ?? START_MS);
  for (;;) {
    const over = ended();
    const now = await latestRun(runs);
    const attached = now?.run.id !== id;
    if (now !== undefined && !attached && (now.run.child ?? now.run.exit) !== undefined)
      return { run: now.run, attached };
    if (now !== undefined && attached && over === HELD) return { run: now.run, attached };
    if ((over !== undefined && attached) || Date.now() > limit) throw await notStarted(log, over !== undefined);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** What says its exit code once it has one. */
async function startKeeper(
  task: KeeperTask,
  { execPath, script }: KeeperProgram,
  env: NodeJS.ProcessEnv,
  log: string,
): Promise<() => number | undefined> {
  const handle = await open(log, "w", 0o600);
  let code: number | undefined;
  try {
    const child = spawn(execPath, [script, JSON.stringify(task)], {
      ...{ cwd: task.run.folder, detached: true, shell: false, windowsHide: true },
      env: { ...env, ELECTRON_RUN_AS_NODE: "1" },
      stdio: ["ignore", handle.fd, handle.fd],
    });
    child.once("error", () => (code = -1));
    child.once("exit", (exit) => (code = exit ?? -1));
    child.unref();
    return () => code;
  } finally {
    await handle.close();
  }
}

async function notStarted(log: string, isOver: boolean): Promise<UserError> {
  const lines = (await readFile(log, "utf8").catch(() => "")).split("\n").filter((line) => /Error/.test(line));
  const said = label(lines[0] ?? "", 300);
  if (isOver)
    return new UserError("run-not-started", "The plan was not carried out.", {
      ...{ why: `Its keeper did not start. ${said}`.trim(), hint: "Nothing was changed." },
    });
  return new UserError("run-not-seen", "The plan was not seen to start.", {
    why: `Its keeper has not begun yet, and still may. ${said}`.trim(),
    hint: "Look again in a minute: a run that has begun is taken up then. Until that is sure, plan nothing else.",
  });
}

export interface Inspection {
  /** The last run of this cluster; undefined where there was none. */
  readonly run?: Run;
  readonly status: RunStatus | "none";
  /** How it ended; undefined while it goes on. */
  readonly end?: RunEnd;
}

/** What journal and processes say of a cluster's last run, for a window that comes later. Changes nothing. */
export async function inspect(place: TerraformPlace, context?: FailureContext): Promise<Inspection> {
  const now = await latestRun(runsFolder(place));
  if (now === undefined) return { status: "none" };
  const over = now.status === "ended" || now.status === "lost";
  return over ? { ...now, end: await readEnd(now.run, runsFolder(place), context) } : now;
}

export interface Aftermath {
  /** In the state, whole or half made: the next plan deals with them. */
  readonly recorded: readonly Resource[];
  /** Not in the state, and perhaps there. `command` has Terraform know it, with the cloud's ID in it. */
  readonly unrecorded: readonly { readonly resource: Resource; readonly command: string }[];
}

/** What of the things that were under way the state knows, after a run that was stopped, killed or failed. */
export async function aftermath(terraform: Terraform, end: RunEnd, signal: AbortSignal): Promise<Aftermath> {
  const open = [...end.inFlight, ...end.halfMade];
  if (open.length === 0) return { recorded: [], unrecorded: [] };
  const known = new Set(await terraform.stateList(signal));
  const unrecorded = open.filter(({ address }) => !known.has(address));
  return {
    recorded: open.filter(({ address }) => known.has(address)),
    unrecorded: unrecorded.map((resource) => ({ resource, command: importCommand(terraform.program.kind, resource) })),
  };
}
