import * as vscode from "vscode";
import { COMMANDS, type CommandId } from "../manifest.ts";
import { addCluster } from "./cluster/add.ts";
import { copyAdminRequest } from "./cluster/adminRequest.ts";
import { chooseNamespaces, openKubeconfig, refresh, retryCluster } from "./cluster/clusters.ts";
import { createCluster, destroyCluster, editCluster, showMaking } from "./provision/wizard.ts";
import { forgetCluster, mergeKubeconfig, setGpuNodes, showCost, testGpu } from "./provision/care.ts";
import { createClusterQuick } from "./provision/quick.ts";
import { hideCluster, openAll, pin, showHidden, unpin } from "./cluster/rows.ts";
import type { CommandDeps, CommandHandler } from "./deps.ts";
import { followJob, openLog, resumeJob, stopJob } from "./job/jobs.ts";
import { reveal, showJobs } from "./job/launched.ts";
import { runJob, runJobWithOptions } from "./job/run.ts";
import { copyDashboardPassword, openDashboard } from "./kubeflow/dashboard.ts";
import { installKubeflow } from "./kubeflow/install.ts";
import { uninstallKubeflow } from "./kubeflow/uninstall.ts";
import { openNotebook, startNotebook, stopNotebook } from "./notebook.ts";
import { copyName, deleteObject, morePipelines, openShell, openYaml, showEvents, showLogs, why } from "./object.ts";
import { openSample } from "./sample.ts";
import { clearFilter, filterRows, groupByServer, sortByAge, sortByName, ungroup } from "./tree/view.ts";

/** Every command, once. A command without an entry here does not compile. */
const HANDLERS: Readonly<Record<CommandId, CommandHandler>> = {
  [COMMANDS.runJob]: runJob,
  [COMMANDS.runJobWithOptions]: runJobWithOptions,
  [COMMANDS.followJob]: followJob,
  [COMMANDS.stopJob]: stopJob,
  [COMMANDS.resumeJob]: resumeJob,
  [COMMANDS.openLog]: openLog,
  [COMMANDS.showJobs]: showJobs,
  [COMMANDS.openNotebook]: openNotebook,
  [COMMANDS.startNotebook]: startNotebook,
  [COMMANDS.stopNotebook]: stopNotebook,
  [COMMANDS.morePipelines]: morePipelines,
  [COMMANDS.why]: why,
  [COMMANDS.showLogs]: showLogs,
  [COMMANDS.openShell]: openShell,
  [COMMANDS.showEvents]: showEvents,
  [COMMANDS.openYaml]: openYaml,
  [COMMANDS.copyName]: copyName,
  [COMMANDS.deleteObject]: deleteObject,
  [COMMANDS.refresh]: refresh,
  [COMMANDS.filter]: filterRows,
  [COMMANDS.clearFilter]: clearFilter,
  [COMMANDS.sortByAge]: sortByAge,
  [COMMANDS.sortByName]: sortByName,
  [COMMANDS.groupByServer]: groupByServer,
  [COMMANDS.ungroup]: ungroup,
  [COMMANDS.reveal]: reveal,
  [COMMANDS.chooseNamespaces]: chooseNamespaces,
  [COMMANDS.addCluster]: addCluster,
  [COMMANDS.openAll]: openAll,
  [COMMANDS.createCluster]: createCluster,
  [COMMANDS.createClusterQuick]: createClusterQuick,
  [COMMANDS.showMaking]: showMaking,
  [COMMANDS.editCluster]: editCluster,
  [COMMANDS.destroyCluster]: destroyCluster,
  [COMMANDS.forgetCluster]: forgetCluster,
  [COMMANDS.setGpuNodes]: setGpuNodes,
  [COMMANDS.showCost]: showCost,
  [COMMANDS.testGpu]: testGpu,
  [COMMANDS.mergeKubeconfig]: mergeKubeconfig,
  [COMMANDS.installKubeflow]: installKubeflow,
  [COMMANDS.uninstallKubeflow]: uninstallKubeflow,
  [COMMANDS.openDashboard]: openDashboard,
  [COMMANDS.copyDashboardPassword]: copyDashboardPassword,
  [COMMANDS.retryCluster]: retryCluster,
  [COMMANDS.pin]: pin,
  [COMMANDS.unpin]: unpin,
  [COMMANDS.hideCluster]: hideCluster,
  [COMMANDS.showHidden]: showHidden,
  [COMMANDS.copyAdminRequest]: copyAdminRequest,
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
