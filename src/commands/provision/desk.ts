import { homedir } from "node:os";
import * as vscode from "vscode";
import type { Desk } from "../../provision/index.ts";
import type { ClusterTree } from "../../tree/clusterTree.ts";
import { COMMANDS } from "../../manifest.ts";
import { pickFolder } from "../../platform/pick.ts";
import { addFile, forgetFile } from "../cluster/files.ts";
import type { CommandDeps } from "../deps.ts";

type DeskDeps = Pick<CommandDeps, "engine" | "settings" | "notify" | "documents"> & {
  readonly tree: () => ClusterTree;
};

const RUN = {
  testGpu: COMMANDS.testGpu,
  merge: COMMANDS.mergeKubeconfig,
  resume: COMMANDS.open,
} as const;

/** What the making of clusters shows and asks outside its page. */
export function createDesk(deps: DeskDeps): Desk {
  const { notify } = deps;
  const told = (work: Thenable<unknown>): void => void work.then(undefined, (error: unknown) => notify.error(error));
  return {
    showText: (name, text) => told(deps.documents.show([name], text)),
    openExternal: (url) => told(vscode.env.openExternal(vscode.Uri.parse(url, true))),
    copy: (text) => told(vscode.env.clipboard.writeText(text)),
    // By argv: nothing is typed into a shell. Not in the workspace's folder.
    runInTerminal: (title, file, args) =>
      vscode.window
        .createTerminal({ name: title, shellPath: file, shellArgs: [...args], cwd: homedir(), isTransient: true })
        .show(),
    pickFolder: (title) => pickFolder(title, vscode.l10n.t("Choose")),
    confirm: (question, detail, agree) => notify.confirm(question, detail, agree),
    added: async ({ file }) => addFile(deps, file),
    removed: async ({ file }) => forgetFile(deps, file),
    reveal: (context) => told(deps.tree().show.cluster(context)),
    run: async (command, id) => {
      await vscode.commands.executeCommand(RUN[command], id);
    },
    openDashboard: async (context) => {
      await vscode.commands.executeCommand(COMMANDS.openDashboard, context);
    },
    fail: (error) => notify.error(error),
    tell: (message, good) => {
      const show = { title: vscode.l10n.t("Show"), command: COMMANDS.createCluster };
      if (good) notify.info(message);
      else notify.warning(message, show);
    },
  };
}
