import { errorText, isCancelled } from "../../core/errors.ts";
import { label, plainLine } from "../../core/sanitize.ts";
import type { Clock } from "../../core/clock.ts";
import { readWhole } from "../../kube/body.ts";
import type { KubeClient } from "../../kube/client.ts";
import { isApiError } from "../../kube/errors.ts";
import { exitWords } from "../../kubeflow/podWords.ts";
import { assertName } from "../../kube/names.ts";
import type { RunLog } from "../runLogs.ts";
import type { PipelineSpec, PipelineTask } from "../spec/model.ts";
import type { RunFailure, RunProgress } from "./model.ts";
import { tasksByPath } from "./progress.ts";

const LAST_LINES = 20;
/** As many may be of Argo's executor and of the launcher, which run the code and write into the same log. */
const MOST_AROUND = 20;
const MOST_LINE = 2_000;
/** Of the last lines, which may be of any length. */
const MOST_BYTES = 4 * 1024 * 1024;
const SILENCE_MS = 30_000;

/** The step that failed first, by its time, then by its place: not the groups around it. Undefined where none has. */
export function firstFailed(spec: PipelineSpec, progress: RunProgress): PipelineTask | undefined {
  const hasFailed = ({ path }: PipelineTask): boolean => progress.get(path)?.state === "Failed";
  const endOf = ({ path }: PipelineTask): number => progress.get(path)?.finished ?? Infinity;
  return [...tasksByPath(spec).values()]
    .filter((task) => hasFailed(task) && !task.children.some(hasFailed))
    .reduce<PipelineTask | undefined>(
      (first, task) => (first === undefined || endOf(task) < endOf(first) ? task : first),
      undefined,
    );
}

/** What its last pod says. Rejects with CancelledError alone: what cannot be read is said in its place. */
export async function failureOf(
  task: PipelineTask,
  { progress, logs, client, clock }: FailurePlace,
  signal: AbortSignal,
): Promise<RunFailure> {
  const message = progress.get(task.path)?.message ?? "";
  const failed = logs.filter(({ why }) => why !== "").at(-1) ?? logs.at(-1);
  const about = { task: task.path, name: task.name, why: (failed?.why ?? "") || message };
  if (failed === undefined) return { ...about, lines: [], noLog: "Its code has not begun." };
  try {
    const text = await lastLines(failed, client, clock, signal);
    const all = text === "" ? [] : text.replace(/\n$/, "").split("\n");
    const lines = ownWords(all.map((line) => plainLine(line.slice(0, MOST_LINE)))).slice(-LAST_LINES);
    return { ...about, why: ownEnd(all) ?? about.why, lines, noLog: "" };
  } catch (error) {
    if (isCancelled(error)) throw error;
    return { ...about, lines: [], noLog: label(errorText(error), 300) };
  }
}

/** Around the code's own words (argo: cmd/argoexec; pipelines: backend/src/v2/component/launcher_v2.go, by glog). */
const EXECUTOR = /^time="[^"]*" level=\w+ .*\bargo=true\b|^Error: exit status \d+$/;
const LAUNCHER = /^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d+ +\d+ \w+\.go:\d+\] /;
/** The last that the launcher says before the code begins. */
const BEGINS = /\] Connecting to cache endpoint /;
/** The container ends with the launcher's own code, 1. */
const ENDS = /\] failed to execute component: exit status (\d+)$/;

function ownWords(lines: readonly string[]): readonly string[] {
  const isAround = (line: string): boolean => EXECUTOR.test(line) || LAUNCHER.test(line);
  return lines.slice(lines.findLastIndex((line) => BEGINS.test(line)) + 1).filter((line) => !isAround(line));
}

function ownEnd(lines: readonly string[]): string | undefined {
  const code = lines.flatMap((line) => (LAUNCHER.test(line) ? (ENDS.exec(line)?.[1] ?? []) : [])).at(-1);
  return code === undefined ? undefined : exitWords(Number(code));
}

interface FailurePlace {
  readonly progress: RunProgress;
  /** Of that step. */
  readonly logs: readonly RunLog[];
  readonly client: KubeClient;
  readonly clock: Clock;
}

async function lastLines(
  { container, read }: RunLog,
  client: KubeClient,
  clock: Clock,
  signal: AbortSignal,
): Promise<string> {
  if (container === undefined) return read(signal);
  const { namespace, pod, container: name } = container;
  const path = `/api/v1/namespaces/${assertName(namespace)}/pods/${assertName(pod)}/log`;
  const query = { container: name, tailLines: String(LAST_LINES + MOST_AROUND), limitBytes: String(MOST_BYTES) };
  try {
    const response = await client.stream({ method: "GET", path, query, signal });
    return await readWhole(response, { signal, clock, silenceMs: () => SILENCE_MS });
  } catch (error) {
    if (!isApiError(error)) throw error;
    // It went meanwhile, or its container never began: the server may have kept its log.
    return read(signal).catch((other: unknown) => {
      throw isCancelled(other) ? other : error;
    });
  }
}
