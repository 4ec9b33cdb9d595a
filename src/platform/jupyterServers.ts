// Offers servers to the Jupyter extension (its API: @vscode/jupyter-extension 1.1.1).
import type { Jupyter, JupyterServer, JupyterServerCommand, JupyterServerProvider } from "@vscode/jupyter-extension";
import * as vscode from "vscode";
import { errorText, isCancelled, isUserError } from "../core/errors.ts";
import type { Event } from "../core/events.ts";
import type { Logger } from "../core/log.ts";
import { pickLabel } from "../core/sanitize.ts";
import type { Notify } from "./notify.ts";
import { pickOne } from "./pick.ts";
import { withProgress } from "./progress.ts";

const COLLECTION = "trainyard";

type Server = Pick<JupyterServer, "id" | "label">;

interface Held {
  dispose(): unknown;
}

/** Where the servers come from. */
interface Servers {
  /** What `list` tells may be another now. */
  readonly onDidChange: Event<void>;
  list(signal: AbortSignal): Promise<readonly Server[]>;
  /** Places that `list` leaves out until somebody looks there. */
  places(): Promise<readonly string[]>;
  look(place: string, signal: AbortSignal): Promise<readonly Server[]>;
  connect(
    id: string,
    ports: { readonly tell: (text: string) => void; readonly mayStart: (name: string) => Promise<boolean> },
    signal: AbortSignal,
  ): Promise<{ readonly baseUrl: string; readonly headers: Readonly<Record<string, string>> }>;
}

/** Registers them; asks nothing before it is asked. */
export function registerServers(
  api: Jupyter,
  servers: () => Promise<Servers>,
  notify: Notify,
  log: Logger,
): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>();
  const held: Held[] = [changed];
  let source: Promise<Servers> | undefined;
  let isDisposed = false;
  const load = (): Promise<Servers> =>
    (source ??= servers().then(
      (made) => {
        if (!isDisposed) held.push(made.onDidChange(() => changed.fire()));
        return made;
      },
      (error: unknown) => {
        // The next question tries again.
        source = undefined;
        throw error;
      },
    ));
  const mayStart = (name: string): Promise<boolean> =>
    notify.ask(vscode.l10n.t("{0} is stopped. Start the notebook?", name), vscode.l10n.t("Start"));
  const resolve = async (server: JupyterServer, signal: AbortSignal): Promise<JupyterServer> => {
    try {
      const made = await load();
      // Not the state that its label has: that changes now.
      const title = vscode.l10n.t("Connecting {0}", server.label.split(" · ", 1)[0] ?? server.label);
      const { baseUrl, headers } = await withProgress(title, (shown, tell) =>
        made.connect(server.id, { tell, mayStart }, AbortSignal.any([signal, shown])),
      );
      const connectionInformation = { baseUrl: vscode.Uri.parse(baseUrl, true), headers: { ...headers } };
      return { id: server.id, label: server.label, connectionInformation };
    } catch (error) {
      // The Jupyter extension tells its words, and has no place for its buttons.
      if (isUserError(error) && error.next.length > 0) notify.error(error);
      throw isCancelled(error) ? new vscode.CancellationError() : error;
    }
  };
  const provider: JupyterServerProvider = {
    onDidChangeServers: changed.event,
    provideJupyterServers: async (token) => {
      try {
        return [...(await (await load()).list(signalOf(token)))];
      } catch (error) {
        // Said where the clusters are shown; a list of kernels has no place for it.
        log.warn(`notebooks as kernels: ${errorText(error)}`);
        return [];
      }
    },
    resolveJupyterServer: (server, token) => resolve(server, signalOf(token)),
  };
  const collection = api.createJupyterServerCollection(COLLECTION, vscode.l10n.t("Kubeflow Notebooks"), provider);
  const titles = new Map<string, string>();
  collection.commandProvider = {
    provideCommands: async () => {
      const commands: JupyterServerCommand[] = [];
      for (const place of await (await load()).places()) {
        const title = vscode.l10n.t("Look in {0}…", pickLabel(place));
        titles.set(title, place);
        commands.push({ label: title, description: vscode.l10n.t("connects to the cluster") });
      }
      return commands;
    },
    handleCommand: async ({ label }, token) => {
      const place = titles.get(label);
      if (place === undefined) return undefined;
      try {
        const signal = signalOf(token);
        const made = await load();
        const found = await withProgress(vscode.l10n.t("Looking for notebooks in {0}", pickLabel(place)), (shown) =>
          made.look(place, AbortSignal.any([signal, shown])),
        );
        changed.fire();
        const items = found.map((value) => ({ label: pickLabel(value.label), value }));
        return await pickOne({ title: label, placeholder: vscode.l10n.t("Which one runs the cells?"), items });
      } catch (error) {
        notify.error(error);
        throw new vscode.CancellationError();
      }
    },
  };
  held.push(collection);
  return new vscode.Disposable(() => {
    isDisposed = true;
    held.splice(0).forEach((one) => void one.dispose());
  });
}

function signalOf(token: vscode.CancellationToken): AbortSignal {
  const controller = new AbortController();
  if (token.isCancellationRequested) controller.abort();
  token.onCancellationRequested(() => controller.abort());
  return controller.signal;
}
