// `npm start -- --headless`: the main job through the real interface, with nobody at the screen.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { ROOT } from "../../scripts/build.ts";
import { say, step } from "../../scripts/steps.mjs";
import { ensureBrowser, ensureEditor } from "../editor/install.ts";
import { installExtension } from "../editor/serve.ts";
import { type EditorSession, openEditor } from "../editor/session.ts";
import { Workbench } from "../editor/workbench.ts";
import type { Arguments } from "./args.ts";
import type { Cluster } from "./cluster.ts";
import { Interrupted } from "./interruption.ts";
import { deleteJobs, launchesOf } from "./jobs.ts";
import { LogTail } from "./logTail.ts";
import { oneLine } from "./oneLine.ts";
import { copyProject, writeMachineSettings } from "./project.ts";
import { logFolderOf, type RoadResult, runRoad } from "./road.ts";

const SHOTS = path.join(ROOT, "out", "headless");
const SAMPLE = "train.py";
/** How long a job may take, in ms: an image may have to be pulled; a person's own script may train for hours. */
const SAMPLE_LIMIT = 30 * 60_000;
const SCRIPT_LIMIT = 24 * 3_600_000;
const MARK = "─".repeat(32);

interface Run {
  /** Removed at the end: the editor's profile, and the sample project. */
  readonly folder: string;
  readonly workspace: string;
  readonly script: string;
  readonly limit: number;
}

export interface HeadlessOptions {
  readonly args: Arguments;
  /** Asked for once the browser is there: both may want the system's package manager. */
  readonly cluster: () => Promise<Cluster>;
  readonly packaged: Promise<string>;
  readonly interruption: Promise<never>;
  /** Wall time, in ms, at which the person pressed Enter. */
  readonly begun: number;
}

/** @returns the exit code; the reason has been said */
export async function runHeadless(options: HeadlessOptions): Promise<number> {
  const { args, interruption } = options;
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "trainyard-start-"));
  const run = describeRun(args.script, folder);
  fs.rmSync(SHOTS, { recursive: true, force: true });
  let asked: Promise<Cluster> | undefined;
  let reason: string | undefined;
  let code = 1;
  try {
    const parts = installParts(options.packaged, run);
    parts.catch(() => undefined); // Waited for when the cluster is there.
    await Promise.race([step("looking for a browser", () => ensureBrowser()), interruption]);
    asked = options.cluster();
    asked.catch(() => undefined); // Looked at again below, where it may have lost the race.
    const cluster = await Promise.race([asked, interruption]);
    await Promise.race([Promise.all([cluster.ready, parts]), interruption]);
    reason = await train(cluster, run, options);
  } catch (error) {
    reason = error instanceof Interrupted ? `The run was interrupted: ${oneLine(error)}.` : oneLine(error);
    code = error instanceof Interrupted ? 130 : 1;
  }
  const cluster = await asked?.catch(() => undefined);
  if (cluster !== undefined) await tidyUp(cluster, run, args.keep);
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  if (reason !== undefined) console.log(reason);
  if (args.keep && cluster !== undefined) console.log(`kubeconfig: ${cluster.file}`);
  return reason === undefined ? 0 : code;
}

function describeRun(script: string | undefined, folder: string): Run {
  if (script !== undefined)
    return { folder, workspace: path.dirname(script), script: path.basename(script), limit: SCRIPT_LIMIT };
  return { folder, workspace: copyProject(path.join(folder, "project")), script: SAMPLE, limit: SAMPLE_LIMIT };
}

async function installParts(packaged: Promise<string>, { folder }: Run): Promise<void> {
  const [editor, vsix] = await Promise.all([ensureEditor(), packaged]);
  await step("installing the extension into a fresh profile", () =>
    installExtension(vsix, extensionsOf(folder), profileOf(folder), editor),
  );
}

const extensionsOf = (folder: string) => path.join(folder, "extensions");
const profileOf = (folder: string) => path.join(folder, "profile");

/** @returns why the job did not succeed */
async function train(cluster: Cluster, run: Run, options: HeadlessOptions): Promise<string | undefined> {
  const { folder, workspace } = run;
  writeMachineSettings(profileOf(folder), cluster.settings);
  const opened = openEditor({
    folder: workspace,
    userDataDir: profileOf(folder),
    extensionsDir: extensionsOf(folder),
    env: { KUBECONFIG: cluster.kubeconfig },
    theme: "dark",
  });
  let session: EditorSession | undefined;
  try {
    session = await Promise.race([step("opening the editor", () => opened), options.interruption]);
    const broken = session.exited.then(({ reason }) => {
      throw new Error(`The editor broke down: ${reason ?? "no reason was given"}.`);
    });
    const workbench = new Workbench(session);
    return await Promise.race([
      trainIn(workbench, session.userData, cluster, run, options.begun),
      broken,
      options.interruption,
    ]);
  } finally {
    // An editor that is still being opened has a server and a browser already.
    await (await opened.catch(() => undefined))?.stop();
  }
}

async function trainIn(
  workbench: Workbench,
  userData: string,
  cluster: Cluster,
  run: Run,
  begun: number,
): Promise<string | undefined> {
  const { script, limit } = run;
  const logs = logFolderOf(userData);
  let count = 0;
  const look = async (name: string) => {
    if (name === "confirm") say(`Run ${script}`);
    count++;
    await workbench.screenshot(path.join(SHOTS, `${String(count).padStart(2, "0")}-${name}.png`));
  };
  let hasBegun = false;
  const tail = new LogTail(logs, (text) => {
    if (!hasBegun) console.log(`${MARK} log ${MARK}`);
    hasBegun = true;
    process.stdout.write(text);
  });
  const endLog = () => {
    if (tail.end()) console.log(`${MARK} end of the log ${MARK}`);
  };
  let result: RoadResult;
  try {
    await workbench.ready();
    say(`right-click on ${script} › Run as Training Job, on ${cluster.words}, namespace ${cluster.namespace}, 2 nodes`);
    result = await runRoad(workbench, logs, {
      script,
      namespace: cluster.namespace,
      size: "2 nodes",
      look,
      timeout: limit,
    });
  } catch (error) {
    endLog();
    await look("failed").catch(() => undefined);
    throw new Error(await whyNotRun(workbench, script, error), { cause: error });
  }
  endLog();
  return tell(result, tail.firstLine, begun);
}

/** What the editor itself says of a failure is worth more than that something was not seen in time. */
async function whyNotRun(workbench: Workbench, script: string, error: unknown): Promise<string> {
  const said = await workbench
    .notification(/\S/)
    .allInnerTexts()
    .catch(() => []);
  const words = said.map((text) => oneLine(text)).join(" ");
  return words === ""
    ? `${script} could not be run: ${oneLine(error)}`
    : `${script} could not be run. The editor says: ${words}`;
}

function tell(result: RoadResult, firstLine: number | undefined, begun: number): string | undefined {
  const seconds = (time: number) => `${((time - begun) / 1000).toFixed(1)} s`;
  const first =
    firstLine === undefined ? "there was no line of training" : `first line of training after ${seconds(firstLine)}`;
  fs.writeFileSync(path.join(SHOTS, "job.log"), result.log);
  const verdict = result.verdict.replace(/ · log: .*$/, "");
  console.log(`${verdict}\n${first}; ${seconds(Date.now())} in all; ${result.questions} questions`);
  console.log(`screenshots and log: ${path.relative(ROOT, SHOTS)}${path.sep}`);
  return verdict.startsWith("✓") ? undefined : verdict;
}

/** Says what stays. A cluster that cannot be tidied up must not hide how the job went. */
async function tidyUp(cluster: Cluster, run: Run, keep: boolean): Promise<void> {
  const storage = path.dirname(logFolderOf(profileOf(run.folder)));
  const launches = await launchesOf(storage);
  const names = launches.map(({ namespace, name }) => `${namespace}/${name}`).join(", ");
  if (keep) {
    if (names !== "") say(`kept: the job ${names}`);
    say(cluster.stays);
    return;
  }
  const attempt = (work: Promise<void>) => work.catch((error: unknown) => say(oneLine(error)));
  if (names !== "") {
    await attempt(step(`deleting the job ${names}`, () => deleteJobs(launches, cluster.kubeconfig, storage)));
  }
  if (cluster.end === undefined) say(cluster.stays);
  else await attempt(cluster.end());
}
