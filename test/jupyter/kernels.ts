// Kernels of the servers that a stand-in for the Jupyter extension is given: found in Select Kernel, run by JupyterLab's
// own client, and there again after a reload of the window.
import { type Kernel, KernelManager } from "@jupyterlab/services";
import type { JupyterServer, JupyterServerCommand } from "@vscode/jupyter-extension";
import * as vscode from "vscode";
import { run, serverSettings } from "./client.ts";
import type { KeptCollection } from "./extension.ts";

const NOTEBOOK_TYPE = "jupyter-notebook";
const CHOOSE = "jupyterStandIn.choose";
const CHOSEN = "chosen";

/** What lives through a reload of the window, as the Jupyter extension keeps it. */
interface Chosen {
  readonly collection: string;
  readonly server: string;
  readonly kernel?: string;
}

type Item = vscode.QuickPickItem & { readonly server?: JupyterServer; readonly command?: JupyterServerCommand };

export class Kernels {
  readonly #state: vscode.Memento;
  readonly #collections: readonly KeptCollection[];
  readonly #controllers = new Map<string, vscode.NotebookController>();

  /** `collections` are those that there are when somebody asks. */
  constructor(context: vscode.ExtensionContext, collections: readonly KeptCollection[]) {
    this.#state = context.workspaceState;
    this.#collections = collections;
    context.subscriptions.push(
      vscode.commands.registerCommand(CHOOSE, (id: string) => this.#choose(id)),
      vscode.notebooks.registerKernelSourceActionProvider(NOTEBOOK_TYPE, {
        provideNotebookKernelSourceActions: () =>
          collections.map(({ id, label }) => ({ label, command: { command: CHOOSE, title: label, arguments: [id] } })),
      }),
    );
  }

  /** Brings the kernel of an earlier window back, where its server is still listed. */
  async restore(collection: KeptCollection): Promise<void> {
    const chosen = this.#state.get<Chosen>(CHOSEN);
    if (chosen?.collection !== collection.id) return;
    const servers = await collection.provider.provideJupyterServers(new vscode.CancellationTokenSource().token);
    const server = servers?.find(({ id }) => id === chosen.server);
    if (server !== undefined) this.#offer(collection, server, chosen.kernel);
  }

  /** The id of the kernel that was chosen, for the editor. */
  async #choose(id: string): Promise<string | undefined> {
    const collection = this.#collections.find((each) => each.id === id);
    if (collection === undefined) return undefined;
    const { token } = new vscode.CancellationTokenSource();
    const servers = (await collection.provider.provideJupyterServers(token)) ?? [];
    const commands = (await collection.commandProvider?.provideCommands(undefined, token)) ?? [];
    const items: Item[] = [
      ...servers.map((server) => ({ label: server.label, server })),
      ...commands.map((command) => ({ ...command, command })),
    ];
    const item = await vscode.window.showQuickPick(items, { title: collection.label });
    const server =
      item?.command === undefined ? item?.server : await collection.commandProvider?.handleCommand(item.command, token);
    if (server === undefined || server === null) return undefined;
    await this.#state.update(CHOSEN, { collection: id, server: server.id } satisfies Chosen);
    return this.#offer(collection, server);
  }

  #offer(collection: KeptCollection, server: JupyterServer, running?: string): string {
    const [name = server.label] = server.label.split(" · ");
    const id = `${collection.id}-${server.id}`;
    this.#controllers.get(id)?.dispose();
    const controller = vscode.notebooks.createNotebookController(id, NOTEBOOK_TYPE, name);
    this.#controllers.set(id, controller);
    let kernel: Promise<Kernel.IKernelConnection> | undefined;
    controller.supportedLanguages = ["python"];
    controller.executeHandler = async (cells) => {
      for (const cell of cells) {
        const execution = controller.createNotebookCellExecution(cell);
        execution.start(Date.now());
        try {
          kernel ??= this.#begin(collection, server, running);
          const said = await run(await kernel, cell.document.getText());
          await execution.replaceOutput([new vscode.NotebookCellOutput([vscode.NotebookCellOutputItem.stdout(said)])]);
          execution.end(true, Date.now());
        } catch (error) {
          kernel = undefined;
          const told = error instanceof Error ? error : new Error(String(error));
          await execution.replaceOutput([new vscode.NotebookCellOutput([vscode.NotebookCellOutputItem.error(told)])]);
          execution.end(false, Date.now());
        }
      }
    };
    return id;
  }

  async #begin(collection: KeptCollection, server: JupyterServer, running?: string): Promise<Kernel.IKernelConnection> {
    const { token } = new vscode.CancellationTokenSource();
    const resolved = await collection.provider.resolveJupyterServer(server, token);
    const { baseUrl, headers = {} } = resolved?.connectionInformation ?? {};
    if (baseUrl === undefined) throw new Error(`${server.label} has no address`);
    const manager = new KernelManager({ serverSettings: serverSettings(baseUrl.toString(true), headers) });
    const model = running === undefined ? undefined : await manager.findById(running);
    const kernel = model === undefined ? await manager.startNew({ name: "python3" }) : manager.connectTo({ model });
    await this.#state.update(CHOSEN, {
      ...{ collection: collection.id, server: server.id, kernel: kernel.id },
    } satisfies Chosen);
    return kernel;
  }
}
