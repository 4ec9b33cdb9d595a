// What the trials of an experiment run: a script of this computer, or a job that there is.
import path from "node:path";
import * as vscode from "vscode";
import { CancelledError, errorCode, UserError } from "../core/errors.ts";
import { label, pickLabel } from "../core/sanitize.ts";
import type { Engine } from "../engine.ts";
import type { ManifestSite, RunChoice } from "../jobs/index.ts";
import type { KubeObject } from "../kube/objects.ts";
import type { Parts } from "../kubeflow/parts.ts";
import { type Choice, pickOne } from "../platform/pick.ts";
import { withProgress } from "../platform/progress.ts";
import { askEach } from "../platform/questions.ts";
import type { Template } from "../templates/index.ts";
import type { CommandDeps } from "./deps.ts";
import { kindFor } from "./job/askPlace.ts";
import { ONE } from "./job/choose.ts";
import { remembers, saveFolder, wantsOf } from "./job/run.ts";

const MOST_JOBS = 200;

type Source =
  | { readonly kind: "file"; readonly file: string }
  | { readonly kind: "job"; readonly name: string; readonly job: Readonly<Record<string, unknown>> };

/** The experiment's text; undefined where the person went back. */
export async function askExperiment(
  deps: CommandDeps,
  engine: Engine,
  template: Template,
  site: ManifestSite,
  parts: Parts | undefined,
): Promise<string | undefined> {
  const source = await pickSource(engine, template.title, site);
  const id = engine.templates.newId();
  if (source.kind === "job") {
    const facts = { id, source: source.name };
    const answers = await askEach(template.title, (known) => template.fields(facts, known));
    return answers && engine.templates.experimentOfJob(answers, source.job, site.namespace);
  }
  const { file } = source;
  const isBatch = parts !== undefined && parts.trainer === undefined && !parts.jobs.includes("PyTorchJob");
  const choice = await choiceOf(deps, engine, file, site);
  const { describeSize, parseCustomSize } = engine.jobs.sizes;
  const size = describeSize(isBatch ? { ...choice.size, nodes: 1 } : choice.size).replaceAll(" × ", " ");
  const facts = { id, source: path.parse(file).name, size, isBatch };
  const answers = await askEach(template.title, (known) => template.fields(facts, known));
  if (answers === undefined) return undefined;
  const sized = parseCustomSize(answers["size"] ?? "");
  await saveFolder(choice.project ?? path.dirname(file), choice.code === "folder");
  return withProgress(vscode.l10n.t("Reading {0}", path.basename(file)), async (signal) => {
    const client = await engine.connectedClient(site.context, signal);
    const wanted = { ...choice, ...(typeof sized === "string" ? {} : { size: sized }) };
    const plan = await engine.jobs.plan(file, wanted, client, signal).catch((error: unknown) => {
      if (errorCode(error) !== "no-runtime") throw error;
      // A plan speaks of the job.
      throw new UserError("no-runtime", vscode.l10n.t("The experiment was not made."), {
        why: vscode.l10n.t("{0} has no runtime for scripts, or not the one of the last run.", label(site.context)),
        hint: vscode.l10n.t("Run the script as a job once, and choose a runtime there."),
        cause: error,
      });
    });
    return engine.templates.experimentOfRun(answers, plan, isBatch);
  });
}

/** As the file ran last, in this place; else as it would the first time. */
async function choiceOf(deps: CommandDeps, engine: Engine, file: string, site: ManifestSite): Promise<RunChoice> {
  const last = remembers(deps, engine, file);
  const wants = wantsOf(deps, engine, file);
  const project = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(file))?.uri.fsPath;
  const kind = await kindFor(engine, site.context, last?.kind ?? wants.kind);
  const first = { size: ONE, image: wants.image(kind), args: [] };
  const kept = last?.context === site.context && last.kind === kind ? last : first;
  return { ...kept, kind, ...site, ...(project === undefined ? {} : { project }) };
}

/** What is open first; other files and the namespace's jobs can be chosen. */
async function pickSource(engine: Engine, title: string, site: ManifestSite): Promise<Source> {
  const document = vscode.window.activeTextEditor?.document;
  const notebook = vscode.window.activeNotebookEditor?.notebook;
  const active = document?.uri ?? notebook?.uri;
  const open = active?.scheme === "file" && /\.(?:py|ipynb)$/i.test(active.fsPath) ? active.fsPath : undefined;
  const written = document?.languageId === "yaml" ? engine.jobs.manifests.read(document.getText()).manifest : undefined;
  const items: Choice<Source | "file" | "job">[] = [
    ...(open === undefined
      ? []
      : [
          {
            label: pickLabel(path.basename(open)),
            description: vscode.l10n.t("open in the editor"),
            value: { kind: "file" as const, file: open },
          },
        ]),
    ...(written === undefined
      ? []
      : [
          {
            label: pickLabel(written.job.metadata.name),
            description: vscode.l10n.t("{0} open in the editor", written.job.kind),
            value: { kind: "job" as const, name: written.job.metadata.name, job: written.value },
          },
        ]),
    { label: vscode.l10n.t("A Python file…"), value: "file" },
    { label: vscode.l10n.t("A training job of {0}…", label(site.namespace)), value: "job" },
  ];
  const placeholder = vscode.l10n.t("What does each trial run?");
  const source = await pickOne<Source | "file" | "job">({ title, placeholder, items });
  if (source === "job") return pickJob(engine, title, site);
  return source === "file" ? { kind: "file", file: await pickFile(title) } : source;
}

async function pickFile(title: string): Promise<string> {
  const filters = { Python: ["py", "ipynb"] };
  const [picked] = (await vscode.window.showOpenDialog({ title, filters })) ?? [];
  if (picked === undefined) throw new CancelledError();
  return picked.fsPath;
}

async function pickJob(engine: Engine, title: string, { context, namespace }: ManifestSite): Promise<Source> {
  const jobs = await withProgress(vscode.l10n.t("Reading the jobs of {0}", label(namespace)), async (signal) => {
    const client = await engine.connectedClient(context, signal);
    const kinds = await engine.launchKinds(context, signal);
    const lists = await Promise.all(
      kinds.map(async (kind) => {
        const resource = engine.cluster(context).jobResource(kind);
        const { items } = await client.list<KubeObject>(resource, { namespace, limit: MOST_JOBS, signal });
        // Those of a list do not say what they are.
        return items.map((item) => ({ ...item, apiVersion: `${resource.group}/${resource.version}`, kind }));
      }),
    );
    return lists.flat();
  });
  if (jobs.length === 0)
    throw new UserError("no-job", vscode.l10n.t("Nothing was made."), {
      why: vscode.l10n.t("{0} has no training job.", label(namespace)),
    });
  const items = jobs.map((job) => ({
    label: pickLabel(job.metadata.name),
    description: job.kind,
    value: { kind: "job" as const, name: job.metadata.name, job: { ...job } },
  }));
  return pickOne<Source>({ title, placeholder: vscode.l10n.t("Which job does each trial run?"), items });
}
