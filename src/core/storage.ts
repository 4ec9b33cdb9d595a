/** Small JSON values that outlive the window. Keys are named once, by the feature that owns them. */
export interface StateStore {
  get(key: string): unknown;
  set(key: string, value: unknown): Promise<void>;
}

/** What must not be read by others; kept by the editor's secret storage, and by memory in tests. */
export interface SecretStore {
  get(key: string): Promise<string | undefined>;
  set(key: string, value: string): Promise<void>;
  delete(key: string): Promise<void>;
}
