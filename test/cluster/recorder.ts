// Follows jobs as the terminal does, and keeps what was told.
import { stripVTControlCharacters } from "node:util";
import type { FollowSink, FollowTarget } from "../../src/jobs/follow.ts";
import type { LogRecord } from "../../src/jobs/readings.ts";
import type { FollowResult, LogWords } from "../../src/jobs/session.ts";
import type { JobState, Source } from "../../src/kubeflow/model.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { PYTORCH_JOB } from "../../src/kubeflow/kinds/pytorchJob.ts";
import { until } from "../editor/until.ts";
import { PYTHON, type Rig } from "./support.ts";

export interface Told {
  readonly rank: Source | undefined;
  readonly state: JobState;
  readonly text: string;
}

export class Recorder implements FollowSink {
  readonly records: LogRecord[] = [];
  readonly statuses: Told[] = [];
  readonly gaps: string[] = [];

  /** Waited for with every batch: a sink that is behind. */
  pause: () => Promise<void> = () => Promise.resolve();

  async lines(records: readonly LogRecord[]): Promise<void> {
    this.records.push(...records);
    await this.pause();
  }

  status(rank: Source | undefined, state: JobState, text: string): void {
    this.statuses.push({ rank, state, text });
  }

  gap(rank: Source, after: string | undefined, before: string): void {
    this.gaps.push(`rank ${rank} between ${after ?? "its beginning"} and ${before}`);
  }

  /** Text of a rank's lines, in the order in which they came. */
  of(rank: Source): string[] {
    return this.records
      .filter((record) => record.source === rank)
      .map((record) => stripVTControlCharacters(record.text));
  }

  /** Waits until a status has come that fits. */
  told(what: string, fits: (told: Told) => boolean, timeout = 30_000): Promise<readonly Told[]> {
    return until(
      what,
      () => Promise.resolve(this.statuses),
      (statuses) => statuses.some(fits),
      timeout,
    );
  }

  /** Waits until a rank has said this. */
  heard(rank: Source, text: string, timeout = 30_000): Promise<string[]> {
    return until(
      `rank ${rank} to say ${text}`,
      () => Promise.resolve(this.of(rank)),
      (lines) => lines.includes(text),
      timeout,
    );
  }
}

export interface Following {
  readonly recorder: Recorder;
  readonly result: Promise<FollowResult>;
  readonly stop: AbortController;
}

export const WORDS: Omit<LogWords, "onLog"> = {
  header: "▶ header",
  statusLine: (rank, state, text) => `… ${rank ?? "job"} ${state}: ${text}`,
  gapText: (rank) => `⚠ ${rank}`,
};

export function follow(rig: Rig, target: FollowTarget): Following {
  const recorder = new Recorder();
  const stop = new AbortController();
  const words: LogWords = { ...WORDS, onLog: () => undefined };
  const result = rig.engine.follow(rig.context, target, recorder, stop.signal, words);
  result.catch(() => undefined); // Whoever looks at it sees it.
  return { recorder, result, stop };
}

/** Follows to the end; the log file is closed. */
export async function followToEnd(
  rig: Rig,
  target: FollowTarget,
): Promise<{ recorder: Recorder; result: FollowResult }> {
  const { recorder, result } = follow(rig, target);
  const ended = await result;
  await ended.log.close();
  return { recorder, result: ended };
}

export interface RawJob {
  readonly name: string;
  readonly namespace: string;
  /** Python that rank 0 runs. */
  readonly master: string;
  /** Python that every other rank runs. */
  readonly worker?: string;
  readonly workers?: number;
  readonly image?: string;
  readonly workerImage?: string;
  readonly cpu?: string;
}

/** A job as somebody else might write it: no snapshot, no torchrun, so that ranks can differ and start fast. */
export async function createRaw(rig: Rig, raw: RawJob): Promise<FollowTarget & { readonly uid: string }> {
  const { name, namespace, workers = 0 } = raw;
  const replica = (replicas: number, code: string, image: string) => ({
    replicas,
    restartPolicy: "Never",
    template: {
      spec: {
        terminationGracePeriodSeconds: 0,
        containers: [
          {
            name: "pytorch",
            image,
            command: ["python3", "-u", "-c", code],
            ...(raw.cpu === undefined ? {} : { resources: { requests: { cpu: raw.cpu } } }),
          },
        ],
      },
    },
  });
  const image = raw.image ?? PYTHON;
  const job = {
    apiVersion: "kubeflow.org/v1",
    kind: "PyTorchJob",
    metadata: { name, namespace },
    spec: {
      runPolicy: { cleanPodPolicy: "None" },
      pytorchReplicaSpecs: {
        Master: replica(1, raw.master, image),
        ...(workers === 0 ? {} : { Worker: replica(workers, raw.worker ?? raw.master, raw.workerImage ?? image) }),
      },
    },
  };
  const made = await rig.client.create<KubeObject>(PYTORCH_JOB, job);
  return { namespace, name, uid: made.metadata.uid ?? "" };
}
