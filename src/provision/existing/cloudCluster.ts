/** A cluster as its cloud lists it. `name` and `location` as they are: labels are made where they are shown. */
export interface CloudCluster {
  readonly name: string;
  /** Region or zone. */
  readonly location: string;
  /** The cloud's own word in lower case, such as `running` or `error`; empty where it was not told. */
  readonly state: string;
  readonly version: string;
  readonly nodes?: number;
}

export interface CloudList<T> {
  readonly items: readonly T[];
  /** What the list may lack, in words. */
  readonly note?: string;
}
