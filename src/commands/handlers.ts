// What commands do: a bundle of its own (dist/commands.js), required when the first one is called. Classes that the start
// bundle has as well are others here, so nothing asks for `instanceof` one of them.
import { COMMANDS, type CommandId } from "../manifest.ts";
import { addCluster } from "./cluster/add.ts";
import { copyAdminRequest } from "./cluster/adminRequest.ts";
import { chooseNamespaces, openKubeconfig, refresh, retryCluster } from "./cluster/clusters.ts";
import { createCluster, destroyCluster, editCluster } from "./provision/wizard.ts";
import { forgetCluster, mergeKubeconfig, setGpuNodes, showCost, testGpu } from "./provision/care.ts";
import { hideCluster, openAll, pin } from "./cluster/rows.ts";
import type { CommandHandler } from "./deps.ts";
import { configureJob } from "./job/configure.ts";
import { convertJob } from "./job/convert.ts";
import { followJob, openLog } from "./job/jobs.ts";
import { downloadOutputs } from "./job/outputs.ts";
import { reveal, showJobs } from "./job/launched.ts";
import { runJob, runJobWithOptions, saveConfiguration } from "./job/run.ts";
import { showRuns } from "./job/runs.ts";
import { copyDashboardPassword, openDashboard } from "./kubeflow/dashboard.ts";
import { installKubeflow } from "./kubeflow/install.ts";
import { uninstallKubeflow } from "./kubeflow/uninstall.ts";
import { copyName, deleteObject, morePipelines, openShell, openYaml, showEvents, showLogs, why } from "./object.ts";
import { newPipeline } from "./pipeline/author.ts";
import { createNotebook } from "./notebook/create.ts";
import { archiveRun, retryRun, uploadPipelineFile } from "./pipeline/deeds.ts";
import { showGraph } from "./pipeline/graph.ts";
import { runPipeline } from "./pipeline/run.ts";
import { buildImage } from "./pipeline/images.ts";
import { addWorkflow } from "./pipeline/workflow.ts";
import { openSample } from "./sample.ts";
import { launchAny, newFromTemplate } from "./template.ts";
import { createClusterQuick } from "./provision/quick.ts";
import { restartNotebook } from "./notebook.ts";
import { openRow, startRow, stopRow } from "./rowActions.ts";
import { arrangeRows, clearFilter, filterRows } from "./tree/view.ts";

/** Every command, once. A command without an entry here does not compile. */
export const HANDLERS: Readonly<Record<CommandId, CommandHandler>> = {
  [COMMANDS.runJob]: runJob,
  [COMMANDS.runJobWithOptions]: runJobWithOptions,
  [COMMANDS.configureJob]: configureJob,
  [COMMANDS.saveConfiguration]: saveConfiguration,
  [COMMANDS.followJob]: followJob,
  [COMMANDS.openLog]: openLog,
  [COMMANDS.downloadOutputs]: downloadOutputs,
  [COMMANDS.showRuns]: showRuns,
  [COMMANDS.showJobs]: showJobs,
  [COMMANDS.launchManifest]: launchAny,
  [COMMANDS.convertJob]: convertJob,
  [COMMANDS.morePipelines]: morePipelines,
  [COMMANDS.newPipeline]: newPipeline,
  [COMMANDS.showGraph]: showGraph,
  [COMMANDS.uploadPipeline]: uploadPipelineFile,
  [COMMANDS.runPipeline]: runPipeline,
  [COMMANDS.retryRun]: retryRun,
  [COMMANDS.archiveRun]: archiveRun,
  [COMMANDS.newFromTemplate]: newFromTemplate,
  [COMMANDS.buildImage]: buildImage,
  [COMMANDS.addWorkflow]: addWorkflow,
  [COMMANDS.createNotebook]: createNotebook,
  [COMMANDS.open]: openRow,
  [COMMANDS.start]: startRow,
  [COMMANDS.stop]: stopRow,
  [COMMANDS.restart]: restartNotebook,
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
  [COMMANDS.arrange]: arrangeRows,
  [COMMANDS.reveal]: reveal,
  [COMMANDS.chooseNamespaces]: chooseNamespaces,
  [COMMANDS.addCluster]: addCluster,
  [COMMANDS.openAll]: openAll,
  [COMMANDS.createCluster]: (deps, how) => (how === "quick" ? createClusterQuick(deps) : createCluster(deps)),
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
  [COMMANDS.hideCluster]: hideCluster,
  [COMMANDS.copyAdminRequest]: copyAdminRequest,
  [COMMANDS.openKubeconfig]: openKubeconfig,
  [COMMANDS.openSample]: openSample,
  [COMMANDS.showOutput]: (deps) => deps.output.show(),
};

export { allowPlugin } from "./cluster/allowPlugin.ts";
export { confirmLine } from "./job/words.ts";
export { Recovery } from "./job/recovery.ts";
export { tellNearCulling } from "./notebook.ts";
export { decideRun } from "./job/run.ts";
export { flowPorts } from "./kubeflow/install.ts";
export { createDesk } from "./provision/desk.ts";
export { restoreJobForm } from "./job/configure.ts";
export { restoreRunForm } from "./pipeline/run.ts";
export { restoreNotebookForm } from "./notebook/create.ts";
export { restoreGraph } from "./pipeline/graph.ts";
export { restoreRun } from "./pipeline/runPage.ts";
export { restorePage } from "./restore.ts";
export { registerServers } from "../platform/jupyterServers.ts";
export { pythonPlace } from "../platform/python.ts";
