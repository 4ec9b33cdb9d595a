// A small job that proves a cluster: launched once for one id, followed to its end.
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { KubeClient } from "../kube/client.ts";
import type { KubeObject } from "../kube/objects.ts";
import { kindOf } from "../kubeflow/jobKinds.ts";
import { list, record } from "../kubeflow/read.ts";
import type { JobDesk } from "./desk.ts";
import type { FollowSink, FollowTarget } from "./follow.ts";
import type { FollowResult, LogWords } from "./session.ts";
import { LAUNCH_ID_LABEL } from "./labels.ts";
import { type LaunchKind, size, suggestName } from "./spec.ts";

/** Jobs that one install may come to; the last is followed, whatever became of it. */
const ATTEMPTS = 20;

export interface SampleRun {
  readonly desk: JobDesk;
  readonly client: KubeClient;
  /** Follows it into its log file. */
  readonly follow: (target: FollowTarget, sink: FollowSink, signal: AbortSignal) => Promise<FollowResult>;
  /** The script, of the extension's own. */
  readonly file: string;
  readonly kind: LaunchKind;
  readonly context: string;
  readonly namespace: string;
  /**
   * Launch id; a job of this id that is there already is followed, and none is launched beside it, unless it has failed:
   * what is tried again is another job.
   */
  readonly id: string;
  readonly image: string;
}

/**
 * Resolves with what came of it, in words; tells what it waits for and its newest line. Rejects with UserError
 * `sample-failed`, as `Launcher.launch` and `followJob`, or with CancelledError, which leaves the job alone.
 */
export async function runSample(run: SampleRun, tell: (detail: string) => void, signal: AbortSignal): Promise<string> {
  const { desk, client, kind, context, namespace, image } = run;
  const id = await unfailed(run, signal);
  const plan = await desk.plan(run.file, { kind, context, namespace, image, size: size(1), args: [] }, client, signal);
  const spec = { ...plan.spec, id, name: nameOf(id) };
  const job = await desk.launcher.launch(spec, plan.snapshot, client, signal);
  await desk.followBegun(context, job);
  const sink: FollowSink = {
    lines: (records) => {
      const line = records.at(-1)?.text;
      if (line !== undefined) tell(label(line, 200));
    },
    status: (_, state, text) => tell(text === "" ? state : `${state}: ${label(text, 300)}`),
    gap: () => undefined,
  };
  const { verdict, raised, log } = await run.follow(job, sink, signal);
  await log.close();
  await desk.followEnded(job.uid);
  const name = label(job.name, 63);
  if (verdict.outcome === "succeeded") return `${name} in ${label(namespace, 63)} succeeded after ${verdict.took}.`;
  const why = raised?.text ?? verdict.reason;
  throw new UserError("sample-failed", `${name} in ${label(namespace, 63)}: ${verdict.outcome}.`, {
    why: label(why, 300),
    hint: "Its row in the tree has its log.",
  });
}

/** The first id in turn of which no job has failed. */
async function unfailed({ client, kind, namespace, id }: SampleRun, signal: AbortSignal): Promise<string> {
  let next = id;
  for (let attempt = 1; attempt < ATTEMPTS; attempt++) {
    const found = await client.find<KubeObject>(kindOf(kind).resource, nameOf(next), namespace, signal);
    if (found?.metadata.labels?.[LAUNCH_ID_LABEL] !== next || !hasFailed(found)) return next;
    // Its first four digits are in the job's name.
    const digits = (Number.parseInt(id.slice(0, 4), 16) + attempt) % 0x1_0000;
    next = `${digits.toString(16).padStart(4, "0")}${id.slice(4)}`;
  }
  return next;
}

function nameOf(id: string): string {
  return suggestName("sample.py", id);
}

function hasFailed(job: KubeObject): boolean {
  const conditions = list(record(record(job)["status"])["conditions"]);
  return conditions.some(({ type, status }) => type === "Failed" && status === "True");
}

/** What the log file of such a run says besides its lines; nobody watches it. */
export function sampleWords(place: string): LogWords {
  return {
    header: `sample · ${place}`,
    onLog: () => undefined,
    statusLine: (source, state, text) => `${source ?? "job"} ${state} ${text}`,
    gapText: (source) => `${source}: lines were lost on the node`,
  };
}
