import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { decideRun } from "./commands/job/run.ts";
import { confirmLine } from "./commands/job/choose.ts";
import { ObjectDocuments } from "./commands/object.ts";
import { registerCommands } from "./commands/register.ts";
import { Recovery } from "./commands/job/recovery.ts";
import type { Engine } from "./engine.ts";
import { OBJECT_SCHEME } from "./manifest.ts";
import { Notify } from "./platform/notify.ts";
import { Output } from "./platform/output.ts";
import { VscodeSettings } from "./platform/settings.ts";
import { MementoState } from "./platform/state.ts";
import { endOfJob } from "./terminal/endOfJob.ts";
import { JobTasks } from "./terminal/jobTasks.ts";
import { TracebackLinks } from "./terminal/links.ts";
import { askStop } from "./terminal/askStop.ts";
import { ClusterTree } from "./tree/clusterTree.ts";

/** Builds objects, registers views and commands, returns. Reads no file and makes no request. */
export function activate(context: vscode.ExtensionContext): void {
  const output = new Output();
  const notify = new Notify(output);
  const settings = new VscodeSettings();
  const state = new MementoState(context.globalState);
  let engine: Promise<Engine> | undefined;
  let loaded: Engine | undefined;
  const load = (): Promise<Engine> =>
    (engine ??= createEngine(context, output, settings, state).then((made) => {
      loaded = made;
      recovery.begin(made);
      return made;
    }));
  const tasks = new JobTasks({
    engine: load,
    decide: (file, definition) => decideRun({ engine: load, settings }, file, definition),
    header: confirmLine,
    askStop,
    stopJob: async ({ context: cluster, target }) => (await load()).stopJob(cluster, target),
    openLog: (file) =>
      void vscode.window
        .showTextDocument(vscode.Uri.file(file), { preview: false })
        .then(undefined, (error: unknown) => notify.error(error)),
    onEnd: (terminal, end) => endOfJob({ notify, engine: load }, terminal, end),
    onStopFollowing: ({ target }) => {
      loaded?.jobs.followEnded(target.uid).catch((error: unknown) => notify.error(error));
    },
    onFailure: (error) => notify.error(error),
  });
  const recovery = new Recovery(notify, output);
  const tree = new ClusterTree(load);
  const documents = new ObjectDocuments();
  context.subscriptions.push(
    output,
    settings,
    tasks,
    tree,
    documents,
    vscode.workspace.registerTextDocumentContentProvider(OBJECT_SCHEME, documents),
    vscode.window.registerTerminalLinkProvider(
      new TracebackLinks(
        () => loaded,
        (terminal) => tasks.rootOf(terminal),
        notify,
      ),
    ),
    registerCommands({
      engine: load,
      notify,
      output,
      settings,
      tree,
      tasks,
      documents,
      storage: context.globalStorageUri,
      extensionPath: context.extensionPath,
    }),
    { dispose: () => loaded?.dispose() },
  );
  settings.onDidChange(() => {
    loaded?.reload().catch((error: unknown) => notify.error(error));
  });
}

/** Loads the bundle that talks to clusters. */
async function createEngine(
  context: vscode.ExtensionContext,
  output: Output,
  settings: VscodeSettings,
  state: MementoState,
): Promise<Engine> {
  const { createEngine: create } = await import("./engine.ts");
  return create({
    version: String((context.extension.packageJSON as Record<string, unknown>)["version"]),
    installation: await installationId(state),
    home: homedir(),
    env: process.env,
    storage: context.globalStorageUri.fsPath,
    state,
    kubeconfigPaths: () => settings.kubeconfigPaths(),
    proxy: () => settings.proxy(),
    log: output,
  });
}

/** A random number of this installation, so that its own launches are known again. Leaves the computer only as a label. */
async function installationId(state: MementoState): Promise<string> {
  const known = state.get("trainyard.installation");
  if (typeof known === "string") return known;
  const made = randomBytes(8).toString("hex");
  await state.set("trainyard.installation", made);
  return made;
}
