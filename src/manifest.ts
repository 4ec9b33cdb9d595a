// Every id that package.json and the code share, once. A test compares the two both ways.

export const COMMANDS = {
  runJob: "trainyard.job.run",
  runJobWithOptions: "trainyard.job.runWithOptions",
  configureJob: "trainyard.job.configure",
  saveConfiguration: "trainyard.job.saveConfiguration",
  followJob: "trainyard.job.follow",
  openLog: "trainyard.job.openLog",
  downloadOutputs: "trainyard.job.downloadOutputs",
  showRuns: "trainyard.job.runs",
  showJobs: "trainyard.job.show",
  launchManifest: "trainyard.job.launchManifest",
  convertJob: "trainyard.job.convert",
  morePipelines: "trainyard.pipelines.more",
  newPipeline: "trainyard.pipeline.new",
  showGraph: "trainyard.pipeline.graph",
  uploadPipeline: "trainyard.pipeline.upload",
  runPipeline: "trainyard.pipeline.run",
  retryRun: "trainyard.run.retry",
  archiveRun: "trainyard.run.archive",
  newFromTemplate: "trainyard.template.new",
  buildImage: "trainyard.image.build",
  addWorkflow: "trainyard.workflow.add",
  createNotebook: "trainyard.notebook.create",
  open: "trainyard.object.open",
  start: "trainyard.object.start",
  stop: "trainyard.object.stop",
  restart: "trainyard.object.restart",
  why: "trainyard.object.why",
  showLogs: "trainyard.object.logs",
  openShell: "trainyard.object.shell",
  showEvents: "trainyard.object.events",
  openYaml: "trainyard.object.openYaml",
  copyName: "trainyard.object.copyName",
  deleteObject: "trainyard.object.delete",
  refresh: "trainyard.tree.refresh",
  filter: "trainyard.tree.filter",
  clearFilter: "trainyard.tree.clearFilter",
  arrange: "trainyard.tree.arrange",
  reveal: "trainyard.tree.reveal",
  chooseNamespaces: "trainyard.namespaces.choose",
  addCluster: "trainyard.cluster.add",
  openAll: "trainyard.cluster.openAll",
  createCluster: "trainyard.cluster.create",
  editCluster: "trainyard.cluster.edit",
  destroyCluster: "trainyard.cluster.destroy",
  forgetCluster: "trainyard.cluster.forget",
  setGpuNodes: "trainyard.cluster.gpuNodes",
  showCost: "trainyard.cluster.cost",
  testGpu: "trainyard.cluster.testGpu",
  mergeKubeconfig: "trainyard.cluster.mergeKubeconfig",
  installKubeflow: "trainyard.kubeflow.install",
  uninstallKubeflow: "trainyard.kubeflow.uninstall",
  openDashboard: "trainyard.kubeflow.openDashboard",
  copyDashboardPassword: "trainyard.kubeflow.copyPassword",
  retryCluster: "trainyard.cluster.retry",
  pin: "trainyard.tree.pin",
  hideCluster: "trainyard.cluster.hide",
  copyAdminRequest: "trainyard.cluster.copyAdminRequest",
  openKubeconfig: "trainyard.kubeconfig.open",
  openSample: "trainyard.sample.open",
  showOutput: "trainyard.output.show",
} as const;

export type CommandId = (typeof COMMANDS)[keyof typeof COMMANDS];

export const SETTINGS = {
  kubeconfigPaths: "trainyard.kubeconfig.paths",
  jobImage: "trainyard.job.image",
  jobKind: "trainyard.job.kind",
  metricPattern: "trainyard.job.metricPattern",
  terraformPath: "trainyard.terraform.path",
} as const;

export const VIEWS = {
  container: "trainyard",
  clusters: "trainyard.clusters",
} as const;

/** Types of pages: the editor finds them again by these after a reload. */
export const PAGES = {
  wizard: "trainyard.wizard",
  curves: "trainyard.curves",
  job: "trainyard.job",
  pipeline: "trainyard.pipeline",
  runForm: "trainyard.runForm",
  run: "trainyard.run",
  notebookForm: "trainyard.notebookForm",
} as const;

export const TASK_TYPE = "trainyard";

/** Scheme of read-only documents that show an object of a cluster. */
export const OBJECT_SCHEME = "trainyard-object";

export const LOG_LANGUAGE = "trainyard-log";

/** Keys that `when` clauses read. */
export const CONTEXT_KEYS = {
  filtered: "trainyard.filtered",
  looked: "trainyard.looked",
} as const;

/** What a tree row is: `viewItem =~ /^job;.*\blogs;/` reads the kind first, then flags. */
export const ROW_KINDS = [
  "group",
  "cluster",
  "made",
  "namespace",
  "folder",
  "job",
  "replica",
  "notebook",
  "workload",
  "machine",
  "holder",
  "component",
  "pipeline",
  "message",
] as const;
export type RowKind = (typeof ROW_KINDS)[number];

/** `object`: it has YAML and events; `yaml`: no events. Most others are what fits the row's state and the person's rights. */
export const ROW_FLAGS = [
  "failed",
  "ours",
  "cloud",
  "eks",
  "gone",
  "unfinished",
  "kubeflow",
  "operator",
  "pin",
  "object",
  "events",
  "yaml",
  "name",
  "why",
  "logs",
  "shell",
  "delete",
  "stop",
  "start",
  "restart",
  "open",
  "pytorch",
  "run",
  "upload",
  "create",
  "spawn",
  "retry",
  "archive",
] as const;
export type RowFlag = (typeof ROW_FLAGS)[number];

/** Flags by whether they hold, in the order in which they are written. */
export type RowFlags = Readonly<Partial<Record<RowFlag, boolean>>>;

/** `job;object;logs;` */
export function contextValue(kind: RowKind, flags: RowFlags = {}): string {
  const holding = Object.entries(flags).flatMap(([flag, holds]) => (holds ? [flag] : []));
  return [kind, ...holding, ""].join(";");
}
