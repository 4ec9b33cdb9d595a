// How long somebody who has never seen the extension waits for the first line of a log, and what they have to do for
// it: through the real interface, and beside it with kubectl and a hand-written manifest.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { ROOT } from "../../scripts/build.ts";
import { packageExtension } from "../../scripts/package.ts";
import { say, step } from "../../scripts/steps.mjs";
import { ensureBrowser, ensureEditor } from "../editor/install.ts";
import { installExtension } from "../editor/serve.ts";
import { openEditor } from "../editor/session.ts";
import { Workbench } from "../editor/workbench.ts";
import type { Sandbox } from "../sandbox/sandbox.ts";
import { firstRun } from "../start/firstRun.ts";
import { NAMESPACE } from "../start/project.ts";
import { benchSandbox } from "./benchSandbox.ts";
import { firstLineByHand, LEFT_BY_HAND, TYPED_BY_HAND } from "./byHand.ts";
import type { OnEnd } from "./ending.ts";
import { type Measured, Samples } from "./figures.ts";

const OURS = "ours";
const BY_HAND = "kubectl by hand";
const REPEATS = 5;
const OUR_JOBS = ["pytorchjobs", "--selector=app.kubernetes.io/managed-by=trainyard"];
const SAMPLE = path.join(ROOT, "media", "sample", "train.py");

export async function benchFirstRun(onEnd: OnEnd): Promise<Measured> {
  await ensureEditor();
  await ensureBrowser();
  const vsix = await step("packing the extension", () =>
    packageExtension(path.join(ROOT, "out", "bench", "ours.vsix")),
  );
  const sandbox = await benchSandbox(onEnd);
  await tidyUp(sandbox);
  // Not counted: it brings the image's files into the system's memory, for both arms.
  await step("a first job, not counted", () => byHand(sandbox, onEnd));
  const samples = new Samples();
  for (let repeat = 1; repeat <= REPEATS; repeat++) {
    const ms = await step(`by hand, ${repeat} of ${REPEATS}`, () => byHand(sandbox, onEnd));
    say(`first line after ${seconds(ms).toFixed(1)} s`);
    samples.add(BY_HAND, "firstLineS", seconds(ms), "s");
    const run = await step(`ours, ${repeat} of ${REPEATS}`, () => ours(sandbox, vsix, onEnd));
    samples.add(OURS, "firstLineS", seconds(run.total), "s");
    samples.add(OURS, "fromClickS", seconds(run.fromClick), "s");
    samples.add(OURS, "fromConfirmS", seconds(run.fromConfirm), "s");
    samples.add(OURS, "questions", run.questions, "");
    samples.add(OURS, "typed", run.typed, "chars");
  }
  samples.add(BY_HAND, "questions", 0, "");
  samples.add(BY_HAND, "typed", TYPED_BY_HAND, "chars");
  const { arms } = samples;
  return {
    arms: { [OURS]: arms[OURS] ?? {}, [BY_HAND]: arms[BY_HAND] ?? {} },
    goals: [
      { arm: OURS, figure: "firstLineS", atMost: 30 },
      { arm: OURS, figure: "questions", atMost: 3 },
      { arm: OURS, figure: "typed", atMost: 0 },
    ],
    notes: [
      `ours: ${REPEATS} fresh profiles with the packaged extension and a kubeconfig. firstLineS begins when the window ` +
        "begins to open, fromClickS with the first click in it, fromConfirmS with Enter on the confirm line.",
      "kubectl by hand: machine time alone, with no window to open and no time to think or to type; typed is the YAML " +
        "without its indentation, and three commands.",
      "The image is present, and everything else that the machine did counts: times are upper limits.",
    ],
  };
}

const seconds = (ms: number) => ms / 1000;

/** Removes the jobs of both arms and waits for their pods to go: no run shall share the machine with one before. */
async function tidyUp(sandbox: Sandbox): Promise<void> {
  for (const what of [OUR_JOBS, ...LEFT_BY_HAND]) {
    await sandbox.kubectl([
      "delete",
      ...what,
      `--namespace=${NAMESPACE}`,
      "--ignore-not-found",
      "--cascade=foreground",
    ]);
  }
}

async function byHand(sandbox: Sandbox, onEnd: OnEnd): Promise<number> {
  const folder = temporaryFolder(onEnd);
  try {
    return await firstLineByHand(folder, SAMPLE, sandbox.narrowKubeconfig);
  } finally {
    await tidyUp(sandbox);
    remove(folder);
  }
}

interface OurRun {
  /** In milliseconds: from the opening of the window, the first click, Enter on the confirm line. */
  readonly total: number;
  readonly fromClick: number;
  readonly fromConfirm: number;
  readonly questions: number;
  readonly typed: number;
}

async function ours(sandbox: Sandbox, vsix: string, onEnd: OnEnd): Promise<OurRun> {
  const folder = temporaryFolder(onEnd);
  const extensionsDir = path.join(folder, "extensions");
  const userDataDir = path.join(folder, "user");
  await installExtension(vsix, extensionsDir, userDataDir);
  const begun = performance.now();
  const env = { KUBECONFIG: sandbox.narrowKubeconfig };
  const session = await openEditor({ extensionsDir, userDataDir, env });
  onEnd(session.stop);
  try {
    const workbench = new Workbench(session);
    await workbench.ready();
    const clicked = performance.now();
    const at = new Map<string, number>();
    const { questions, typed } = await firstRun(workbench, (name) => {
      at.set(name, performance.now());
      return Promise.resolve();
    });
    say([...at].map(([name, time]) => `${name} ${seconds(time - begun).toFixed(1)}`).join(", "));
    const confirmed = at.get("confirm");
    const shown = at.get("first-line");
    if (confirmed === undefined || shown === undefined) throw new Error("the first run ended half-way");
    return {
      total: shown - begun,
      fromClick: shown - clicked,
      fromConfirm: shown - confirmed,
      questions,
      typed,
    };
  } finally {
    await session.stop();
    await tidyUp(sandbox);
    remove(folder);
  }
}

function temporaryFolder(onEnd: OnEnd): string {
  const folder = fs.mkdtempSync(path.join(fs.realpathSync(os.tmpdir()), "trainyard-bench-"));
  onEnd(() => remove(folder));
  return folder;
}

function remove(folder: string): void {
  fs.rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}
