import * as vscode from "vscode";
import { COMMANDS, type CommandId } from "../manifest.ts";
import { addKubeconfig, chooseNamespaces, openKubeconfig, refresh, retryCluster } from "./cluster/clusters.ts";
import { copyAdminRequest } from "./cluster/adminRequest.ts";
import type { CommandDeps, CommandHandler } from "./deps.ts";
import { deleteJob, followJob, openLog, stopJob } from "./job/jobs.ts";
import { runJob, runJobWithOptions } from "./job/run.ts";
import { copyName, openYaml } from "./object.ts";
import { openSample } from "./sample.ts";

/** Every command, once. A command without an entry here does not compile. */
const HANDLERS: Readonly<Record<CommandId, CommandHandler>> = {
  [COMMANDS.runJob]: runJob,
  [COMMANDS.runJobWithOptions]: runJobWithOptions,
  [COMMANDS.followJob]: followJob,
  [COMMANDS.stopJob]: stopJob,
  [COMMANDS.deleteJob]: deleteJob,
  [COMMANDS.openLog]: openLog,
  [COMMANDS.openYaml]: openYaml,
  [COMMANDS.copyName]: copyName,
  [COMMANDS.refresh]: refresh,
  [COMMANDS.chooseNamespaces]: chooseNamespaces,
  [COMMANDS.retryCluster]: retryCluster,
  [COMMANDS.copyAdminRequest]: copyAdminRequest,
  [COMMANDS.addKubeconfig]: addKubeconfig,
  [COMMANDS.openKubeconfig]: openKubeconfig,
  [COMMANDS.openSample]: openSample,
  [COMMANDS.showOutput]: (deps) => deps.output.show(),
};

/** Registers all commands behind one wrapper: a failure becomes one message, cancellation none. */
export function registerCommands(deps: CommandDeps): vscode.Disposable {
  return vscode.Disposable.from(
    ...Object.entries(HANDLERS).map(([id, handler]) =>
      vscode.commands.registerCommand(id, async (...args: unknown[]) => {
        try {
          await handler(deps, ...args);
        } catch (error) {
          deps.notify.error(error);
        }
      }),
    ),
  );
}
