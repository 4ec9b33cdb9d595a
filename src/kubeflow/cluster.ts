import type { Disposable } from "../core/dispose.ts";
import type { Connection } from "../kube/connection.ts";
import type { Store } from "../kube/store.ts";
import { Stores } from "../kube/stores.ts";
import type { Clock } from "../core/clock.ts";
import type { Logger } from "../core/log.ts";
import { JOB_WARNINGS } from "./kinds/event.ts";
import { JOB_PODS } from "./kinds/pod.ts";
import { PYTORCH_JOBS } from "./kinds/pytorchJob.ts";
import type { JobEvent, JobPod, TrainingJob } from "./model.ts";

/** One context in use: its connection, and the live objects that a person looks at. */
export class Cluster implements Disposable {
  readonly connection: Connection;
  readonly #stores: Stores;

  constructor(connection: Connection, clock: Clock, log: Logger) {
    this.connection = connection;
    this.#stores = new Stores({ client: connection.client, clock, log });
  }

  jobs(namespace: string): Store<TrainingJob> {
    return this.#stores.get(PYTORCH_JOBS, namespace);
  }

  pods(namespace: string): Store<JobPod> {
    return this.#stores.get(JOB_PODS, namespace);
  }

  warnings(namespace: string): Store<JobEvent> {
    return this.#stores.get(JOB_WARNINGS, namespace);
  }

  /** Reads anew what is being watched, also where it had given up. */
  refresh(): void {
    this.#stores.refresh();
  }

  dispose(): void {
    this.#stores.dispose();
  }
}
