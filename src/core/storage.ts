/** Small JSON values that outlive the window. Keys are named once, by the feature that owns them. */
export interface StateStore {
  get(key: string): unknown;
  set(key: string, value: unknown): Promise<void>;
}
