/** One context of the merged kubeconfig, with nothing secret in it. */
export interface ContextInfo {
  readonly name: string;
  readonly cluster: string;
  readonly user: string;
  /** Server URL as written. */
  readonly server: string;
  /** Namespace of the context; `default` where it names none. */
  readonly namespace: string;
  /** File that the context came from. */
  readonly file: string;
  readonly isCurrent: boolean;
}
