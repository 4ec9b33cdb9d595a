// A small job that proves a cluster: launched once for one id, followed to its end.
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { KubeClient } from "../kube/client.ts";
import type { JobDesk } from "./desk.ts";
import type { FollowSink, FollowTarget } from "./follow.ts";
import type { FollowResult } from "./session.ts";
import { size, suggestName } from "./spec.ts";

export interface SampleRun {
  readonly desk: JobDesk;
  readonly client: KubeClient;
  /** Follows it into its log file. */
  readonly follow: (target: FollowTarget, sink: FollowSink, signal: AbortSignal) => Promise<FollowResult>;
  /** The script, of the extension's own. */
  readonly file: string;
  readonly context: string;
  readonly namespace: string;
  /** Launch id; a job of this id that is there already is followed, and none is launched beside it. */
  readonly id: string;
  readonly image: string;
}

/**
 * Resolves with what came of it, in words; tells what it waits for and its newest line. Rejects with UserError
 * `sample-failed`, as `Launcher.launch` and `followJob`, or with CancelledError, which leaves the job alone.
 */
export async function runSample(run: SampleRun, tell: (detail: string) => void, signal: AbortSignal): Promise<string> {
  const { desk, client, context, namespace, id, image } = run;
  const plan = await desk.plan(run.file, { context, namespace, image, size: size(1), args: [] }, signal);
  const spec = { ...plan.spec, id, name: suggestName("sample.py", id) };
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
