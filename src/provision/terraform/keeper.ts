// A program of its own: `keeper.js '<json>'`, run by the editor's Node in a session of its own. It starts Terraform,
// stays with it to the end and writes down how that was, whatever becomes of the window that asked for it.
import { createHash } from "node:crypto";
import { readFile, rm } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import * as v from "valibot";
import { errorCode } from "../../core/errors.ts";
import { writeWhole } from "../../core/wholeFile.ts";
import { type ChildEnd, startChild } from "./child.ts";
import { claimFile, take } from "./claims.ts";
import { identify, type ProcessId } from "./processes.ts";
import { eventsFile, HELD, type KeeperTask, KeeperTaskSchema, RUN, type RunRecord } from "./runs.ts";

type Started = { readonly child: ProcessId; readonly ended: Promise<ChildEnd> } | { readonly notStarted: string };

async function keep(): Promise<number> {
  const task = v.parse(KeeperTaskSchema, JSON.parse(process.argv[2] ?? ""));
  // At the end of a session Terraform hears these itself; this process is there to tell what came of it.
  for (const name of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.on(name, () => undefined);
  const record: RunRecord = { ...task.run, owner: await identify(process.pid) };
  const number = await take(task.runs, RUN, record);
  if (number === undefined) return HELD;
  const journal = claimFile(task.runs, RUN, number);
  const started = await start(task, eventsFile(task.runs, number));
  if ("notStarted" in started) {
    await write(journal, { ...record, exit: { code: null, signal: null, at: Date.now(), ...started } });
  } else {
    await write(journal, { ...record, child: started.child });
    const end = await started.ended;
    await write(journal, { ...record, child: started.child, exit: { ...end, at: Date.now() } });
  }
  // It has every value in clear text, and cannot be applied twice.
  await rm(task.plan, { force: true });
  return 0;
}

async function start({ plan, run, file, args }: KeeperTask, output: string): Promise<Started> {
  try {
    const shown = await readFile(plan).catch(() => "");
    const hash = createHash("sha256").update(shown);
    // What was shown is what is carried out.
    if (hash.digest("hex") !== run.planHash) return { notStarted: "plan-changed" };
    const env = { ...process.env };
    delete env["ELECTRON_RUN_AS_NODE"];
    const { child, ended } = await startChild({ file, args, cwd: run.folder, env, output });
    return { child: await identify(child.pid ?? 0), ended };
  } catch (error) {
    return { notStarted: errorCode(error) ?? "unknown" };
  }
}

const TRIES = 60;

/** A disk that is full for a while must not make us forget how it ended. */
async function write(file: string, record: RunRecord): Promise<void> {
  for (let left = TRIES; ; left -= 1) {
    try {
      await writeWhole(file, JSON.stringify(record));
      return;
    } catch (error) {
      if (left === 0) throw error;
      await delay(1_000);
    }
  }
}

void keep().then((code) => {
  process.exitCode = code;
});
