import { randomBytes } from "node:crypto";
import { homedir } from "node:os";
import path from "node:path";
import * as vscode from "vscode";
import { systemClock } from "./core/clock.ts";
import { errorText } from "./core/errors.ts";
import type { CommandDeps } from "./commands/deps.ts";
import type * as Handlers from "./commands/handlers.ts";
import { registerCommands } from "./commands/register.ts";
import type { Engine } from "./engine.ts";
import { restoring } from "./panels/again.ts";
import type { WizardPanels } from "./panels/wizardPanel.ts";
import type { FlowPorts, Installers } from "./install/index.ts";
import type { Provisioning } from "./provision/index.ts";
import { OBJECT_SCHEME, PAGES } from "./manifest.ts";
import { Notify } from "./platform/notify.ts";
import { DocumentProblems } from "./platform/documentProblems.ts";
import { ObjectDocuments } from "./platform/objectDocuments.ts";
import { Output } from "./platform/output.ts";
import { VscodeSecrets } from "./platform/secrets.ts";
import { offerSchemas } from "./platform/yamlExtension.ts";
import { offerServers } from "./platform/jupyter.ts";
import { VscodeSettings } from "./platform/settings.ts";
import { MementoState } from "./platform/state.ts";
import { endOfJob } from "./terminal/endOfJob.ts";
import { JobTasks } from "./terminal/jobTasks.ts";
import { JobProblems } from "./terminal/problems.ts";
import { TracebackLinks } from "./terminal/links.ts";
import { askFilter } from "./terminal/askFilter.ts";
import { askStop } from "./terminal/askStop.ts";
import { ClusterPreferences } from "./platform/clusterPreferences.ts";
import { JobsStatusBar } from "./platform/statusBar.ts";
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
    (engine ??= createEngine(context, output, settings, state, secrets, notify, loadProvisioning).then((made) => {
      loaded = made;
      recover(made, notify, output);
      watchLaunched(made, statusBar, output);
      context.subscriptions.push(offerSchemas((api, textOf) => made.contributeSchemas(api, textOf), output));
      return made;
    }));
  const problems = new JobProblems(output, async (code, at) => (await load()).jobs.history.place(code, at));
  const tasks = new JobTasks({
    engine: load,
    decide: async (folder, definition) =>
      (await handlers()).decideRun({ engine: load, settings, documents, problems }, folder, definition),
    configurations: async (made, folder) => (await problems.configurations(made, folder)).configurations,
    header: async (made, plan) => (await handlers()).confirmLine(made, plan),
    askFilter,
    askStop,
    onBegin: (followed) => problems.begin(followed),
    onRaised: (followed, raised) => problems.add(followed, raised),
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
      kubeflow: async () => ({ ...(await handlers()).flowPorts(deps), installers: await loadInstallers() }),
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
  const page = {
    ...{ extensionUri: context.extensionUri, memory: context.workspaceState, log: output },
    settled: new Set<string>(),
  };
  const wizards = (): Promise<WizardPanels> =>
    (panels ??= import("./panels/wizardPanel.ts").then(({ WizardPanels: Panels }) => new Panels(page)));
  /** Made when it is first needed; ends with the extension. */
  const lazily = <Panels extends vscode.Disposable>(make: () => Promise<Panels>): (() => Promise<Panels>) => {
    let made: Promise<Panels> | undefined;
    return () =>
      (made ??= make().then((one) => {
        context.subscriptions.push(one);
        return one;
      }));
  };
  const curves = lazily(async () => {
    const { CurvesPanels: Panels } = await import("./panels/curvesPanel.ts");
    const pattern = (): string => settings.metricPattern();
    return new Panels({ ...page, clock: systemClock, pattern, onError: (error) => notify.error(error) });
  });
  const jobForms = lazily(async () => new (await import("./panels/jobPanel.ts")).JobPages(page));
  const runForms = lazily(async () => new (await import("./panels/pipelinePages.ts")).RunFormPages(page));
  const runs = lazily(async () => new (await import("./panels/pipelinePages.ts")).RunPages(page));
  const graphs = lazily(async () => new (await import("./panels/pipelinePages.ts")).GraphPages(page));
  const notebookForms = lazily(async () => new (await import("./panels/notebookFormPanel.ts")).NotebookFormPages(page));
  /**
   * A page that the editor has kept over a reload. Where it showed nothing that is known, its tab goes; where it cannot
   * come back, the tab says so and stays.
   */
  const restored = <Shown>(
    viewType: string,
    shownOf: (kept: unknown) => Promise<Shown | undefined>,
    restore: (panel: vscode.WebviewPanel, shown: Shown) => Promise<void>,
  ): vscode.Disposable =>
    vscode.window.registerWebviewPanelSerializer(viewType, {
      deserializeWebviewPanel: async (panel, kept: unknown) => {
        page.settled.add(viewType);
        const again = restoring(
          () => shownOf(kept),
          async (shown) => {
            if (shown === undefined) panel.dispose();
            else await restore(panel, shown);
          },
        );
        const onError = (error: unknown): void => notify.error(error);
        try {
          await again().catch(async (error: unknown) => {
            const { showFailure } = await import("./panels/failedPage.ts");
            // What was away may be there by now, such as a kubeconfig, before the editor has heard of it.
            const anew = async (): Promise<void> => {
              await (await load()).reload();
              await again();
            };
            showFailure(page, panel, error, { again: anew, onError });
          });
        } catch (error) {
          // A tab that was closed meanwhile shows nothing any more.
          onError(error);
        }
      },
    });
  const tree = new ClusterTree(
    { engine: load, installers: loadInstallers },
    new ViewChoices(state),
    preferences,
    madeView,
  );
  const statusBar = new JobsStatusBar();
  const documents = new ObjectDocuments();
  const documentProblems = new DocumentProblems();
  const deps: CommandDeps = {
    engine: load,
    provisioning: loadProvisioning,
    installers: loadInstallers,
    wizards,
    curves,
    jobForms,
    graphs,
    runs,
    runForms,
    notebookForms,
    notify,
    output,
    settings,
    tree,
    tasks,
    problems,
    documents,
    manifestProblems: documentProblems,
    preferences,
    state: shownPages,
    storage: context.globalStorageUri,
    extensionPath: context.extensionPath,
    secrets,
  };
  context.subscriptions.push(
    output,
    settings,
    tasks,
    problems,
    tree,
    documents,
    documentProblems,
    preferences,
    statusBar,
    vscode.workspace.registerTextDocumentContentProvider(OBJECT_SCHEME, documents),
    vscode.window.registerTerminalLinkProvider(
      new TracebackLinks(
        () => loaded,
        (terminal) => tasks.codeOf(terminal),
        notify,
      ),
    ),
    madeView,
    restored(
      PAGES.wizard,
      (kept) => Promise.resolve({ kept }),
      async (panel, { kept }) => (await handlers()).restorePage(deps, panel, kept),
    ),
    restored(PAGES.curves, curves, (panel, made) => {
      made.restore(panel);
      return Promise.resolve();
    }),
    restored(
      PAGES.job,
      async () => (await jobForms()).shown?.at(-1),
      async (panel, shown) => (await handlers()).restoreJobForm(deps, panel, shown),
    ),
    restored(
      PAGES.run,
      async () => (await runs()).shown,
      async (panel, shown) => (await handlers()).restoreRun(deps, panel, shown),
    ),
    restored(
      PAGES.runForm,
      async () => (await runForms()).shown,
      async (panel, shown) => (await handlers()).restoreRunForm(deps, panel, shown),
    ),
    restored(
      PAGES.notebookForm,
      async () => (await notebookForms()).shown,
      async (panel, shown) => (await handlers()).restoreNotebookForm(deps, panel, shown),
    ),
    restored(
      PAGES.pipeline,
      async () => (await graphs()).shown,
      async (panel, shown) => (await handlers()).restoreGraph(deps, panel, shown),
    ),
    registerCommands(deps),
    offerServers(
      async (api) =>
        (await handlers()).registerServers(api, async () => (await load()).notebookServers, notify, output),
      output,
    ),
    { dispose: () => loaded?.dispose() },
    // One that was never made has nothing to end.
    { dispose: () => void installers?.then((made) => made.dispose()).catch(() => undefined) },
  );
  settings.onDidChange(() => {
    loaded?.reload().catch((error: unknown) => notify.error(error));
  });
}

/** Loads the bundle that acts. */
function handlers(): Promise<typeof Handlers> {
  return import("./commands/handlers.ts");
}

/** Takes up what an earlier window has left, and tells what nobody looks at. */
function recover(engine: Engine, notify: Notify, log: Output): void {
  handlers()
    .then(({ Recovery, tellNearCulling }) => {
      tellNearCulling(engine, notify);
      new Recovery(notify, log).begin(engine);
    })
    .catch((error: unknown) => log.warn(`looking for earlier launches: ${errorText(error)}`));
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
  secrets: VscodeSecrets,
  notify: Notify,
  provisioning: () => Promise<Provisioning>,
): Promise<Engine> {
  const { createEngine: create } = await import("./engine.ts");
  return create({
    version: versionOf(context),
    installation: await installationId(state),
    home: homedir(),
    env: process.env,
    storage: context.globalStorageUri.fsPath,
    state,
    secrets,
    kubeconfigPaths: () => settings.kubeconfigPaths(),
    proxy: () => settings.proxy(),
    log: output,
    gpuPool: async (name) => (await provisioning()).gpuPool(name),
    allowPlugin: async (plugin) => (await handlers()).allowPlugin(notify, plugin),
    pythonPlace: async (file) => (await handlers()).pythonPlace(file),
  });
}

/** Loads the bundle that makes and removes clusters. */
async function createProvisioning(
  context: vscode.ExtensionContext,
  deps: Parameters<typeof Handlers.createDesk>[0] & {
    readonly output: Output;
    readonly kubeflow: () => Promise<FlowPorts>;
  },
): Promise<Provisioning> {
  const [{ createProvisioning: create }, { createDesk }] = await Promise.all([
    import("./provision/provisioning.ts"),
    handlers(),
  ]);
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
