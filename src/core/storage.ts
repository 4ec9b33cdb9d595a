import type { Event } from "./events.ts";

/** Small JSON values that outlive the window. Keys are named once, by the feature that owns them. */
export interface StateStore {
  get(key: string): unknown;
  set(key: string, value: unknown): Promise<void>;
}

/** The person's settings, read at the moment of use. */
export interface Settings {
  /** Extra kubeconfig files, in order; empty means KUBECONFIG or the default file. */
  kubeconfigPaths(): readonly string[];
  /** Image for training jobs; empty means the last one used, then the built-in. */
  trainingImage(): string;
  readonly onDidChange: Event<void>;
}
