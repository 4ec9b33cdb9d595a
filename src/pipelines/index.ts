// What the rest of the project uses of pipelines.
export type { Part, PipelineDraft, RoleWish, Step, WrittenFile } from "./author/index.ts";
export {
  ClusterPipelines,
  type ClusterPipelinesOptions,
  type ListKind,
  type LiveList,
  type PipelineList,
} from "./clusterPipelines.ts";
export { type PipelineItem, type PipelineRun, type RunState, type RunTask } from "./model.ts";
export { PipelineDesk, type PipelinePlace, type RunSubjectFacts, type Started } from "./desk.ts";
export { type RunFormPorts } from "./form/host.ts";
export { type RunDeedChoice, RunPageHost, type RunPagePorts } from "./run/pageHost.ts";
export { type PipelineServer } from "./pipelineServer.ts";
export { type RunLog } from "./runLogs.ts";
export { type RunArtifact, type RunDetails, type RunReader, type TaskMetadata } from "./run/model.ts";
export {
  actOnRun,
  experiments,
  type RunDeed,
  type RunWish,
  setRecurring,
  settingsOf,
  startRecurring,
  startRun,
} from "./runs.ts";
export { type Uploaded, uploadPipeline } from "./uploads.ts";
export { type Access } from "./waysIn.ts";
export { type Component, componentsOf, neverPushed, pinEdits } from "./images/components.ts";
export { contextOf, type ImageSource, PIPELINE_FILE } from "./images/content.ts";
export { type BuiltImage, ImageBuilder, type SignIn } from "./images/imageBuilder.ts";
export { workflowOf } from "./workflow/workflow.ts";
export { hostOf, registryProblem, repositoryOf, slug, targetRepository } from "./images/reference.ts";
export { contentHash, MAX_PIPELINE_BYTES, type PipelineDocument, parsePipeline } from "./spec/document.ts";
export { type PipelineTask } from "./spec/model.ts";
export { readPipelineSpec, specOf } from "./spec/read.ts";
export {
  type CodePlace,
  type CompiledFile,
  type CompileError,
  createCompiler,
  type InstallSdk,
  isCompileError,
  type PipelineCompiler,
} from "./compile/compiler.ts";
export { type PythonPorts } from "./compile/python.ts";
export { graphOf } from "./graph/graph.ts";
export { GraphHost, type ReadPipelines } from "./graph/graphHost.ts";
export { taskPlace } from "./graph/taskPlace.ts";
