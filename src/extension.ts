import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import path from "node:path";
import * as vscode from "vscode";
import { errorText } from "./core/errors.ts";
import { allowPlugin } from "./commands/cluster/allowPlugin.ts";
import { decideRun } from "./commands/job/run.ts";
import { confirmLine } from "./commands/job/choose.ts";
import type { CommandDeps } from "./commands/deps.ts";
import { ObjectDocuments } from "./commands/object.ts";
import { registerCommands } from "./commands/register.ts";
import { createDesk } from "./commands/provision/desk.ts";
import { restoreWizard } from "./commands/provision/wizard.ts";
import { installShown } from "./commands/shownPage.ts";
import { flowPorts, restoreInstall } from "./commands/kubeflow/install.ts";
import { Recovery } from "./commands/job/recovery.ts";
import type { Engine } from "./engine.ts";
import type { WizardPanels } from "./panels/wizardPanel.ts";
import type { FlowPorts, Installers } from "./install/index.ts";
import type { Provisioning } from "./provision/index.ts";
import { OBJECT_SCHEME, PAGES } from "./manifest.ts";
import { Notify } from "./platform/notify.ts";
import { Output } from "./platform/output.ts";
import { VscodeSecrets } from "./platform/secrets.ts";
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
import { MadeView } from "./tree/madeView.ts";
import { ClusterTree } from "./tree/clusterTree.ts";

/** Builds objects, registers views and commands, returns. Reads no file and makes no request. */
export function activate(context: vscode.ExtensionContext): void {
  const output = new Output();
  const notify = new Notify(output);
  const settings = new VscodeSettings();
  const state = new MementoState(context.globalState);
  const secrets = new VscodeSecrets(context.secrets);
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
  let provisioning: Promise<Provisioning> | undefined;
  const loadProvisioning = (): Promise<Provisioning> =>
    (provisioning ??= createProvisioning(context, {
      output,
      settings,
      notify,
      documents,
      engine: load,
      tree: () => tree,
      kubeflow: async () => ({ ...flowPorts(deps), installers: await loadInstallers() }),
    }).then((made) => {
      madeView.attach(made);
      context.subscriptions.push(made);
      return made;
    }));
  const madeView = new MadeView({
    folder: path.join(context.globalStorageUri.fsPath, "made"),
    provisioning: loadProvisioning,
    onError: (error) => notify.error(error),
  });
  let installers: Promise<Installers> | undefined;
  const loadInstallers = (): Promise<Installers> =>
    (installers ??= createInstallers(context, settings, secrets, output));
  let panels: Promise<WizardPanels> | undefined;
  // Of this window: another one shows another page.
  const shownPages = new MementoState(context.workspaceState);
  const wizards = (): Promise<WizardPanels> =>
    (panels ??= import("./panels/wizardPanel.ts").then(
      ({ WizardPanels: Panels }) =>
        new Panels({ extensionUri: context.extensionUri, memory: context.workspaceState, log: output }),
    ));
  const tree = new ClusterTree(
    { engine: load, installers: loadInstallers },
    new ViewChoices(state),
    preferences,
    madeView,
  );
  const statusBar = new JobsStatusBar();
  const documents = new ObjectDocuments();
  const deps: CommandDeps = {
    engine: load,
    provisioning: loadProvisioning,
    installers: loadInstallers,
    wizards,
    notify,
    output,
    settings,
    tree,
    tasks,
    documents,
    preferences,
    state: shownPages,
    terminals: new PodTerminals(),
    storage: context.globalStorageUri,
    extensionPath: context.extensionPath,
    secrets,
  };
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
    madeView,
    vscode.window.registerWebviewPanelSerializer(PAGES.wizard, {
      deserializeWebviewPanel: async (panel, kept: unknown) => {
        const installing = installShown(shownPages);
        await (
          installing === undefined ? restoreWizard(deps, panel, kept) : restoreInstall(deps, installing, panel, kept)
        ).catch((error: unknown) => notify.error(error));
      },
    }),
    registerCommands(deps),
    { dispose: () => loaded?.dispose() },
    // One that was never made has nothing to end.
    { dispose: () => void installers?.then((made) => made.dispose()).catch(() => undefined) },
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
    version: versionOf(context),
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

/** Loads the bundle that makes and removes clusters. */
async function createProvisioning(
  context: vscode.ExtensionContext,
  deps: Parameters<typeof createDesk>[0] & { readonly output: Output; readonly kubeflow: () => Promise<FlowPorts> },
): Promise<Provisioning> {
  const { createProvisioning: create } = await import("./provision/provisioning.ts");
  return create({
    version: versionOf(context),
    env: process.env,
    platform: process.platform,
    storage: context.globalStorageUri.fsPath,
    templates: path.join(context.extensionPath, "media", "terraform"),
    keeper: { execPath: process.execPath, script: path.join(context.extensionPath, "dist", "keeper.js") },
    terraformPath: () => deps.settings.terraformPath(),
    desk: createDesk(deps),
    client: async (name, signal) => (await deps.engine()).connectedClient(name, signal),
    kubeflow: deps.kubeflow,
    log: deps.output,
  });
}

/** Loads the bundle that installs Kubeflow. */
async function createInstallers(
  context: vscode.ExtensionContext,
  settings: VscodeSettings,
  secrets: VscodeSecrets,
  log: Output,
): Promise<Installers> {
  const { createInstallers: create } = await import("./install/installers.ts");
  const { env, platform } = process;
  const storage = context.globalStorageUri.fsPath;
  return create({ env, platform, storage, proxy: () => settings.proxy(), secrets, log });
}

function versionOf(context: vscode.ExtensionContext): string {
  return String((context.extension.packageJSON as Record<string, unknown>)["version"]);
}

/** A random number of this installation, so that its own launches are known again. Leaves the computer only as a label. */
async function installationId(state: MementoState): Promise<string> {
  const known = state.get("trainyard.installation");
  if (typeof known === "string") return known;
  const made = randomBytes(8).toString("hex");
  await state.set("trainyard.installation", made);
  return made;
}
