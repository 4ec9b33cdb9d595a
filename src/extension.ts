import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import * as vscode from "vscode";
import { errorText } from "./core/errors.ts";
import { allowPlugin } from "./commands/cluster/allowPlugin.ts";
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
import { ClusterPreferences } from "./platform/clusterPreferences.ts";
import { JobsStatusBar } from "./platform/statusBar.ts";
import { PodTerminals } from "./terminal/podTerminals.ts";
import { ViewChoices } from "./tree/viewChoices.ts";
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
    (engine ??= createEngine(context, output, settings, state, notify).then((made) => {
      loaded = made;
      recovery.begin(made);
      watchLaunched(made, statusBar, output);
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
  const preferences = new ClusterPreferences(state);
  const tree = new ClusterTree(load, new ViewChoices(state), preferences);
  const statusBar = new JobsStatusBar();
  const documents = new ObjectDocuments();
  context.subscriptions.push(
    output,
    settings,
    tasks,
    tree,
    documents,
    preferences,
    statusBar,
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
      preferences,
      terminals: new PodTerminals(output),
      storage: context.globalStorageUri,
      extensionPath: context.extensionPath,
    }),
    { dispose: () => loaded?.dispose() },
  );
  settings.onDidChange(() => {
    loaded?.reload().catch((error: unknown) => notify.error(error));
  });
}

/** The status bar counts what was launched from here, also in earlier windows: a launch was the consent to watch it. */
function watchLaunched(engine: Engine, statusBar: JobsStatusBar, log: Output): void {
  const { launched } = engine;
  launched.onDidChange(() => {
    const { jobs } = launched;
    const silent = jobs.flatMap(({ staleSince }) => staleSince ?? []);
    statusBar.show({
      active: jobs.filter(({ state }) => state === "active").length,
      failed: jobs.filter(({ state }) => state === "failed").length,
      staleSince: silent.length === 0 ? undefined : Math.min(...silent),
    });
  });
  Promise.all([engine.load(), engine.jobs.journal.list()])
    .then(([, entries]) => launched.takeUp(entries))
    .catch((error: unknown) => log.warn(`earlier launches: ${errorText(error)}`));
}

/** Loads the bundle that talks to clusters. */
async function createEngine(
  context: vscode.ExtensionContext,
  output: Output,
  settings: VscodeSettings,
  state: MementoState,
  notify: Notify,
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
    allowPlugin: (plugin) => allowPlugin(notify, plugin),
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
