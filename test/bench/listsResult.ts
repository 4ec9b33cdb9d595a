/** What one opening of a large namespace took. */
export interface ListsResult {
  readonly firstRowsMs: number;
  readonly completeMs: number;
  /** What the heap holds more than before, after a collection. */
  readonly heapMB: number;
}

/** Stands before the result among what a probe prints. */
export const PROBE_MARK = "result: ";
