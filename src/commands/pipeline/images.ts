// Images of Dockerfiles: built, pushed, and named by their digest in `pipeline.py`.
import { homedir } from "node:os";
import path from "node:path";
import process from "node:process";
import * as vscode from "vscode";
import { systemClock } from "../../core/clock.ts";
import { UserError } from "../../core/errors.ts";
import { label, pickLabel } from "../../core/sanitize.ts";
import { plural } from "../../core/text.ts";
import {
  type BuiltImage,
  type Component,
  componentsOf,
  contextOf,
  hostOf,
  ImageBuilder,
  type ImageSource,
  PIPELINE_FILE,
  pinEdits,
  repositoryOf,
  type SignIn,
  slug,
  targetRepository,
} from "../../pipelines/index.ts";
import { pickOne, pickSome } from "../../platform/pick.ts";
import { withProgress } from "../../platform/progress.ts";
import { requireTrust } from "../../platform/trust.ts";
import type { CommandDeps } from "../deps.ts";
import { saveFolder } from "../job/run.ts";
import { askRegistry, namedRegistry } from "./registry.ts";

/** What is to be built. */
interface Wanted extends ImageSource {
  /** Of its component; undefined where no pipeline names it. */
  readonly id: string | undefined;
  readonly name: string;
  /** Where it goes to, or its name where nobody has said that yet. */
  readonly image: string;
}

/** From a Dockerfile, a `pipeline.py` or the palette; its last words are a sign-in's button. */
export async function buildImage(deps: CommandDeps, target: unknown): Promise<void> {
  requireTrust();
  const builder = new ImageBuilder({
    ...{ env: process.env, platform: process.platform, clock: systemClock, log: deps.output },
  });
  if (isSignIn(target)) return signIn(builder, target);
  const wanted = await wantedOf(target);
  const [first] = wanted;
  if (first === undefined) throw noDockerfile();
  await saveFolder(first.context, true);
  const title = vscode.l10n.t("Build and Push {0}", wanted.map(({ name }) => name).join(", "));
  const found = await withProgress(vscode.l10n.t("Looking for what builds images"), (signal) => builder.find(signal));
  const platform = process.arch === "arm64" ? await askPlatform(title) : undefined;
  const registry = await confirm(deps, title, first.context, wanted, found.kind);
  const pinned = new Map<string, string>();
  const built: BuiltImage[] = [];
  try {
    for (const { id, name, image, ...source } of wanted) {
      const repository = targetRepository(image, registry);
      const known = [pushedBefore(deps, repository), image.split("@")[1]].filter((one) => one !== undefined);
      const one = await withProgress(vscode.l10n.t("Building {0}", name), (signal, report) =>
        builder.build(found, { ...source, repository, platform, known }, report, signal),
      ).catch(async (error: unknown) => {
        await showLine(deps, source.dockerfile, error);
        throw error;
      });
      built.push(one);
      await deps.state.set(PUSHED_KEY, { ...pushed(deps), [repository]: one.pinned.split("@")[1] });
      if (id !== undefined) pinned.set(id, one.pinned);
    }
  } finally {
    // What was pushed is named, also where a later one was not.
    await pin(path.join(first.context, PIPELINE_FILE), pinned);
  }
  tell(deps, built, pinned.size);
}

/** Digest that was pushed last, by repository: Podman alone does not tell which of its own is the registry’s. */
const PUSHED_KEY = "trainyard.images.pushed";

function pushed({ state }: CommandDeps): Readonly<Record<string, unknown>> {
  const kept = state.get(PUSHED_KEY);
  return typeof kept === "object" && kept !== null ? { ...kept } : {};
}

function pushedBefore(deps: CommandDeps, repository: string): string | undefined {
  const digest = pushed(deps)[repository];
  return typeof digest === "string" ? digest : undefined;
}

function tell({ notify }: CommandDeps, built: readonly BuiltImage[], pins: number): void {
  const fresh = built.filter(({ isNew }) => isNew);
  const rest = built.length - fresh.length;
  const words = [
    fresh.length === 0 ? "" : vscode.l10n.t("{0} pushed.", fresh.map(({ reference }) => reference).join(", ")),
    rest === 0 ? "" : vscode.l10n.t("The registry had the content of {0} already.", plural(rest, "image")),
    pins === 0 ? "" : vscode.l10n.t("{0} names what is there by digest.", PIPELINE_FILE),
  ];
  notify.info(words.filter((word) => word !== "").join(" "));
}

async function wantedOf(target: unknown): Promise<readonly Wanted[]> {
  const uri = target instanceof vscode.Uri ? target : vscode.window.activeTextEditor?.document.uri;
  const file = uri?.scheme === "file" ? uri.fsPath : "";
  const components = path.basename(file) === PIPELINE_FILE ? await componentsOf(path.dirname(file)) : [];
  if (components.length > 0) return askComponents(components);
  return [await wantedOfFile(isDockerfile(file) ? file : await askDockerfile())];
}

function isDockerfile(file: string): boolean {
  return /^(?:docker|container)file(?:\..+)?$|\.(?:docker|container)file$/i.test(path.basename(file));
}

async function wantedOfFile(dockerfile: string): Promise<Wanted> {
  const own = path.dirname(dockerfile);
  const root = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(dockerfile))?.uri.fsPath ?? own;
  const context = await contextOf(dockerfile, root);
  const component = (await componentsOf(context)).find((one) => one.dockerfile === dockerfile);
  if (component !== undefined) return named(component);
  const parts = [path.basename(context), ...(own === context ? [] : [path.basename(own)])];
  const image = slug([...new Set(parts)].join("-"));
  return { id: undefined, name: image, image, context, dockerfile, isComponent: false };
}

function named<T extends { readonly image: string }>(component: T): T & { readonly name: string } {
  return { ...component, name: repositoryOf(component.image).replace(/^.*\//, "") };
}

async function askComponents(components: readonly Component[]): Promise<readonly Wanted[]> {
  const items = components.map((component) => ({
    label: pickLabel(component.id),
    description: pickLabel(component.image),
    picked: true,
    value: named(component),
  }));
  const title = vscode.l10n.t("Build and Push Image");
  return pickSome(title, vscode.l10n.t("Components; what the registry has already is not built again"), items);
}

async function askDockerfile(): Promise<string> {
  const [found, others] = await Promise.all(
    ["**/{Dockerfile,Dockerfile.*,*.Dockerfile}", "**/{Containerfile,*.Containerfile}"].map((pattern) =>
      vscode.workspace.findFiles(pattern, "**/node_modules/**", 200),
    ),
  );
  const items = [...(found ?? []), ...(others ?? [])]
    .filter(({ scheme, fsPath }) => scheme === "file" && isDockerfile(fsPath) && !fsPath.endsWith(".dockerignore"))
    .map((uri) => ({ label: pickLabel(vscode.workspace.asRelativePath(uri)), value: uri.fsPath }));
  if (items.length === 0) throw noDockerfile();
  return pickOne({ title: vscode.l10n.t("Build and Push Image"), placeholder: vscode.l10n.t("Of which file?"), items });
}

function noDockerfile(): UserError {
  return new UserError("no-dockerfile", vscode.l10n.t("There is no image to build."), {
    hint: vscode.l10n.t("Right-click a Dockerfile, or a pipeline.py with components that have one."),
  });
}

/** Most clusters run on another kind of processor than this computer. */
async function askPlatform(title: string): Promise<string> {
  const items = [
    { label: "linux/amd64", description: vscode.l10n.t("most clusters"), value: "linux/amd64" },
    { label: "linux/arm64", description: vscode.l10n.t("this computer’s kind"), value: "linux/arm64" },
  ];
  return pickOne({ title, placeholder: vscode.l10n.t("For nodes of which kind?"), items });
}

/** The registry, asked for where no image names one, and one line to confirm before anything leaves this computer. */
async function confirm(
  { state }: CommandDeps,
  title: string,
  folder: string,
  wanted: readonly Wanted[],
  tool: string,
): Promise<string> {
  const isNeeded = wanted.some(({ image }) => hostOf(repositoryOf(image)) === undefined);
  let registry = isNeeded ? (namedRegistry(state, folder) ?? (await askRegistry(state, folder, title))) : "";
  for (;;) {
    const to = wanted.map(({ image }) => targetRepository(image, registry)).join(", ");
    const push = { label: `$(cloud-upload) ${vscode.l10n.t("Build and Push")}`, description: tool, value: true };
    const other = { label: vscode.l10n.t("Another Registry…"), value: false };
    const items = [{ ...push, detail: pickLabel(to, 400) }, ...(isNeeded ? [other] : [])];
    if (await pickOne({ title, placeholder: vscode.l10n.t("Nothing has been built yet"), items })) return registry;
    registry = await askRegistry(state, folder, title);
  }
}

/** An edit of what stands between the quotes; a file that had nothing unsaved is saved. */
async function pin(file: string, images: ReadonlyMap<string, string>): Promise<void> {
  if (images.size === 0) return;
  const document = await vscode.workspace.openTextDocument(file);
  const wasDirty = document.isDirty;
  const edit = new vscode.WorkspaceEdit();
  const edits = pinEdits(document.getText(), images);
  for (const { start, end, text } of edits)
    edit.replace(document.uri, new vscode.Range(document.positionAt(start), document.positionAt(end)), text);
  if (edits.length === 0) return;
  if (!(await vscode.workspace.applyEdit(edit)) || (!wasDirty && !(await document.save())))
    throw new UserError("not-pinned", vscode.l10n.t("{0} does not name the new images.", PIPELINE_FILE), {
      why: vscode.l10n.t("It could not be edited."),
      hint: [...images.values()].join(", "),
    });
}

/** A failure at a line of the Dockerfile stands there, too. */
async function showLine(deps: CommandDeps, file: string, error: unknown): Promise<void> {
  if (!(error instanceof UserError) || !("line" in error && typeof error.line === "number")) return;
  const document = await vscode.workspace.openTextDocument(file);
  const { range } = document.lineAt(Math.min(error.line, document.lineCount - 1));
  await vscode.window.showTextDocument(document, { selection: range, preview: true });
  const [line, from, to] = [range.start.line, range.start.character, range.end.character];
  const text = "said" in error ? String(error.said) : error.message;
  deps.manifestProblems.show(document, [{ line, from, to, text, isWarning: false }]);
}

/** Anybody may call a command with anything: where it leads is looked at again. */
function isSignIn(target: unknown): target is SignIn {
  if (typeof target !== "object" || target === null || !("signIn" in target) || !("program" in target)) return false;
  return typeof target.signIn === "string" && ["docker", "podman", "buildah"].includes(String(target.program));
}

async function signIn(builder: ImageBuilder, target: SignIn): Promise<void> {
  const { file, args, env } = await builder.signInCommand(target);
  const name = vscode.l10n.t("Log in to {0}", label(target.signIn));
  // By argv, and with the PATH that it was found in: there its helpers for passwords are, too.
  const shell = { shellPath: file, shellArgs: args, env: { PATH: env["PATH"] ?? null } };
  vscode.window.createTerminal({ name, ...shell, cwd: homedir(), isTransient: true }).show();
}
