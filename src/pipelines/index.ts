// What the rest of the project uses of pipelines.
export { ClusterPipelines, type ListKind, type LiveList, type PipelineList } from "./clusterPipelines.ts";
export { type PipelineItem, type PipelineRun, type RunState, type RunTask } from "./model.ts";
export { type RunLog } from "./runLogs.ts";
export { type Access } from "./waysIn.ts";
