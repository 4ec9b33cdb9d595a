// Every id that package.json and the code share, once. A test compares the two both ways.

export const COMMANDS = {
  runJob: "trainyard.job.run",
  runJobWithOptions: "trainyard.job.runWithOptions",
  followJob: "trainyard.job.follow",
  stopJob: "trainyard.job.stop",
  deleteJob: "trainyard.job.delete",
  openLog: "trainyard.job.openLog",
  openYaml: "trainyard.object.openYaml",
  copyName: "trainyard.object.copyName",
  refresh: "trainyard.tree.refresh",
  chooseNamespaces: "trainyard.namespaces.choose",
  retryCluster: "trainyard.cluster.retry",
  copyAdminRequest: "trainyard.cluster.copyAdminRequest",
  addKubeconfig: "trainyard.kubeconfig.add",
  openKubeconfig: "trainyard.kubeconfig.open",
  openSample: "trainyard.sample.open",
  showOutput: "trainyard.output.show",
} as const;

export type CommandId = (typeof COMMANDS)[keyof typeof COMMANDS];

export const SETTINGS = {
  kubeconfigPaths: "trainyard.kubeconfig.paths",
  jobImage: "trainyard.job.image",
} as const;

export const VIEWS = {
  container: "trainyard",
  clusters: "trainyard.clusters",
} as const;

export const TASK_TYPE = "trainyard";

/** Scheme of read-only documents that show an object of a cluster. */
export const OBJECT_SCHEME = "trainyard-object";

export const LOG_LANGUAGE = "trainyard-log";

/** What a tree row is, for `when` clauses: the kind first, then flags. `viewItem =~ /^job\b.*\bactive\b/`. */
export const CONTEXT_VALUES = {
  cluster: "cluster",
  clusterFailed: "cluster;failed",
  namespace: "namespace",
  jobs: "jobs",
  jobActive: "job;active",
  jobEnded: "job;ended",
  replica: "replica",
} as const;
