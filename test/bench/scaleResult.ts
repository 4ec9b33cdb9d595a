/** What one opening of a cluster took, in milliseconds. */
export interface ScaleResult {
  /** From opening the cluster to its namespaces. */
  readonly namespacesMs: number;
  /** From then on, to the jobs of one of them with their pods. */
  readonly jobsMs: number;
}
