// What was launched from here: looked at, run again, compared, its curves drawn.
import path from "node:path";
import * as vscode from "vscode";
import { UserError } from "../../core/errors.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import type { Engine } from "../../engine.ts";
import type { LaunchEntry } from "../../jobs/index.ts";
import { COMMANDS } from "../../manifest.ts";
import { type Choice, pickOne, pickSome } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import type { CommandDeps } from "../deps.ts";
import { jobReference, referenceOf } from "./jobs.ts";
import { launchChecked } from "./manifest.ts";

/** The runs of this computer: of a row that one, else those that the person picks; then what to do with them. */
export async function showRuns(deps: CommandDeps, target: unknown): Promise<void> {
  const engine = await deps.engine();
  await engine.load();
  const all = await engine.jobs.history.runs();
  const at = referenceOf(deps, target);
  const own =
    at === undefined ? undefined : all.find(({ uid, name }) => (at.uid === "" ? name === at.name : uid === at.uid));
  if (at !== undefined && own === undefined)
    throw new UserError("not-ours", vscode.l10n.t("Nothing is kept of {0}.", label(at.name)), {
      why: vscode.l10n.t("It was not launched from this computer, or too long ago."),
    });
  const runs = own === undefined ? await pickRuns(all) : [own];
  const [only] = runs;
  const changes = runs.length === 1 && only !== undefined ? await engine.jobs.history.changesSince(only) : undefined;
  const title = runs.length === 1 ? label(runs[0]?.name ?? "") : vscode.l10n.t("{0} runs", runs.length);
  const act = await pickOne<() => Promise<void>>({
    title,
    placeholder: vscode.l10n.t("What to do with it?"),
    items:
      runs.length === 1
        ? runs.flatMap((run) => actionsOfOne(deps, engine, run, changes))
        : actionsOfSeveral(deps, engine, runs),
  });
  await act();
}

function pickRuns(all: readonly LaunchEntry[]): Promise<readonly LaunchEntry[]> {
  if (all.length === 0)
    throw new UserError("no-runs", vscode.l10n.t("No training job was launched from here yet."), {
      hint: vscode.l10n.t("Right-click a Python file, and choose Run as Training Job."),
    });
  const items = all.map((run): Choice<LaunchEntry> => {
    const { name, time, end, spec } = run;
    const outcome = end === undefined ? vscode.l10n.t("not followed to its end") : pickLabel(end.line);
    return {
      label: pickLabel(name),
      description: `${when(time)} · ${pickLabel(`${run.context} / ${run.namespace}`)}`,
      detail: `${pickLabel(isWritten(run) ? spec.kind : spec.script.path)} · ${outcome}`,
      value: run,
    };
  });
  return pickSome(vscode.l10n.t("Training runs"), vscode.l10n.t("One to look at, several to compare"), items);
}

type Action = Choice<() => Promise<void>>;

function action(icon: string, title: string, detail: string, value: () => Promise<void>): Action {
  return { label: `$(${icon}) ${title}`, detail, value };
}

/** `changes`: how its code differed from its commit. */
function actionsOfOne(
  deps: CommandDeps,
  engine: Engine,
  run: LaunchEntry,
  changes: string | undefined,
): readonly Action[] {
  const { context, namespace, name, uid = "", spec, end } = run;
  const reference = jobReference(context, { namespace, name, uid, kind: spec.kind });
  const file = engine.jobs.localScript(spec.script);
  const command =
    (id: string, ...args: readonly unknown[]) =>
    async (): Promise<void> => {
      await vscode.commands.executeCommand(id, ...args);
    };
  return [
    action("graph-line", vscode.l10n.t("Show Curves"), vscode.l10n.t("What the script printed of its metrics"), () =>
      showCurves(deps, engine, [run]),
    ),
    action(
      "debug-rerun",
      vscode.l10n.t("Run Again Exactly"),
      isWritten(run)
        ? vscode.l10n.t("The manifest as it was, under a new name")
        : vscode.l10n.t("The code as it was, with the same image, size and arguments"),
      () => runAgain(deps, engine, run),
    ),
    ...(isWritten(run)
      ? []
      : [
          action(
            "edit",
            vscode.l10n.t("Run Again with Changes…"),
            vscode.l10n.t("{0} as it is now", path.basename(file)),
            command(COMMANDS.runJobWithOptions, file),
          ),
          action(
            "file-code",
            vscode.l10n.t("Open Its Code"),
            vscode.l10n.t("{0} as it was sent", spec.script.path),
            () => openCode(engine, run),
          ),
        ]),
    ...(changes === undefined
      ? []
      : [
          action(
            "git-compare",
            vscode.l10n.t("Open Its Changes"),
            vscode.l10n.t("Against commit {0}; new files are in its code", spec.git?.commit.slice(0, 12) ?? ""),
            () => deps.documents.show(["code", `${name}.diff`], changes),
          ),
        ]),
    action("go-to-file", vscode.l10n.t("Open Log File"), end?.line ?? "", command(COMMANDS.openLog, reference)),
    ...(spec.output === undefined
      ? []
      : [
          action(
            "cloud-download",
            vscode.l10n.t("Download Outputs…"),
            vscode.l10n.t("What it wrote to its OUTPUT_DIR"),
            command(COMMANDS.downloadOutputs, reference),
          ),
        ]),
  ];
}

function actionsOfSeveral(deps: CommandDeps, engine: Engine, runs: readonly LaunchEntry[]): readonly Action[] {
  const logs = runs.flatMap(({ end }) => end?.log ?? []);
  return [
    action("diff-multiple", vscode.l10n.t("Compare"), vscode.l10n.t("Settings, outcome, metrics and code"), () =>
      compare(deps, engine, runs),
    ),
    action(
      "graph-line",
      vscode.l10n.t("Overlay Curves"),
      vscode.l10n.t("The metrics of all of them in one chart each"),
      () => showCurves(deps, engine, runs),
    ),
    ...(runs.length === 2 && logs.length === 2
      ? [
          action("diff", vscode.l10n.t("Compare Logs"), vscode.l10n.t("The older one at the left"), async () => {
            const [newer = "", older = ""] = logs;
            const title = `${runs[1]?.name ?? ""} ↔ ${runs[0]?.name ?? ""}`;
            await vscode.commands.executeCommand("vscode.diff", vscode.Uri.file(older), vscode.Uri.file(newer), title);
          }),
        ]
      : []),
  ];
}

async function showCurves(deps: CommandDeps, engine: Engine, runs: readonly LaunchEntry[]): Promise<void> {
  const sources = await Promise.all(
    runs.map(async ({ name, uid = "", end }) => ({ name, logFile: end?.log ?? (await engine.latestLog(name, uid)) })),
  );
  const known = sources.flatMap(({ name, logFile }) => (logFile === undefined ? [] : [{ name, logFile }]));
  if (known.length === 0)
    throw new UserError("no-log", vscode.l10n.t("There is no log on this computer to read metrics from."), {
      hint: vscode.l10n.t("Following the job’s logs makes one."),
    });
  await (await deps.curves()).open(known);
}

/** True where a person wrote its manifest: it has no code of this computer. */
function isWritten({ code }: LaunchEntry): boolean {
  return code.hash === "";
}

async function runAgain(deps: CommandDeps, engine: Engine, run: LaunchEntry): Promise<void> {
  const { client } = engine.cluster(run.context).connection;
  const checking = vscode.l10n.t("Checking {0}", run.name);
  if (isWritten(run)) {
    const checked = await withProgress(checking, (signal) => engine.jobs.manifests.again(run, client, signal));
    await launchChecked(engine, checked);
    return;
  }
  const plan = await withProgress(checking, async (signal) => {
    const made = await engine.jobs.planAgain(run, client, signal);
    await engine.jobs.launcher.preflight(made.spec, made.snapshot, client, signal, made.job);
    return made;
  });
  await deps.tasks.run({ kind: "launch", plan });
}

async function openCode(engine: Engine, run: LaunchEntry): Promise<void> {
  const folder = await engine.jobs.history.code(run);
  await vscode.window.showTextDocument(vscode.Uri.file(path.join(folder, run.spec.script.path)));
}

/** A text beside, and where two differ in their code, that. */
async function compare(deps: CommandDeps, engine: Engine, runs: readonly LaunchEntry[]): Promise<void> {
  const { history } = engine.jobs;
  const sorted = [...runs].sort((a, b) => a.time - b.time);
  const text = await withProgress(vscode.l10n.t("Comparing {0} runs", runs.length), () =>
    history.compare(sorted, when),
  );
  await deps.documents.show(["compare", `${sorted.map(({ name }) => name).join("-")}.txt`.slice(-120)], text);
  const [older, newer] = sorted;
  if (sorted.length !== 2 || older === undefined || newer === undefined) return;
  const changes = await history.changes(older, newer).catch((error: unknown) => {
    // The text says which code there is.
    if (error instanceof UserError && error.code === "no-code") return [];
    throw error;
  });
  if (changes.length === 0) return;
  const files = await Promise.all(
    changes.slice(0, MOST_FILES).map(async ({ path: at, kind }) => {
      // The same path at both sides: else each would be shown as renamed.
      const side = async (run: LaunchEntry): Promise<vscode.Uri> =>
        deps.documents.put(["code", ...at.split("/")], await history.text(run, at), run.name);
      const left = kind === "added" ? undefined : await side(older);
      const right = kind === "removed" ? undefined : await side(newer);
      return [right ?? left, left, right];
    }),
  );
  await vscode.commands.executeCommand("vscode.changes", `${older.name} ↔ ${newer.name}`, files);
}

/** Of a diff; the text names all. */
const MOST_FILES = 100;

function when(time: number): string {
  return new Date(time).toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" });
}
