// Kubeflow into one cluster, step by step: the parts, the page they are reached by, a small job that proves it.
import { createHash } from "node:crypto";
import type { Step } from "../contract/preview.ts";
import type { KubeflowWish } from "../contract/wish.ts";
import { UserError } from "../core/errors.ts";
import { label } from "../core/sanitize.ts";
import type { SecretStore } from "../core/storage.ts";
import { plural } from "../core/text.ts";
import type { KubeClient } from "../kube/client.ts";
import { type KnownAccount, notYetShown, shown } from "./accounts.ts";
import { findDoor } from "./dashboard/wayIn.ts";
import { choiceOf, wantedOf } from "./form.ts";
import type { Installer } from "./install.ts";
import type { Installers } from "./installers.ts";
import type { Pin } from "./manifests.ts";
import { profileNames } from "./people.ts";
import type { InstallPlan } from "./plan.ts";
import type { InstallRecord } from "./record.ts";
import type { Choice } from "./release.ts";
import type { Timeline } from "./timeline.ts";

/** A training job that proves an install. */
export interface SampleJob {
  readonly context: string;
  readonly namespace: string;
  /** Launch id: the same for one install, so that going on launches nothing twice. */
  readonly id: string;
}

export interface FlowPorts {
  readonly installers: Pick<Installers, "releases" | "of" | "prepare">;
  readonly client: (context: string, signal: AbortSignal) => Promise<KubeClient>;
  readonly secrets: SecretStore;
  /** Runs the shipped sample to its end; resolves with what came of it, in words. Cancelling leaves the job alone. */
  readonly sample: (job: SampleJob, tell: (detail: string) => void, signal: AbortSignal) => Promise<string>;
  /** Shows what went wrong beside the steps. */
  readonly fail: (error: unknown) => void;
  /** An install has begun or ended in a cluster: its rows say so. */
  readonly onInstall: (context: string) => void;
  /** Shows accounts that were made, with their passwords: the one time that it is done unasked. */
  readonly showAccounts: (context: string, accounts: readonly KnownAccount[]) => Promise<void>;
}

export interface FlowTarget {
  readonly context: string;
  readonly wish: KubeflowWish;
  /** What was looked at and agreed to; made anew where it is left out, of the very files of `held`. */
  readonly plan?: InstallPlan | undefined;
  readonly held?: Pin | undefined;
}

/** The steps, with the names that the page shows; components stand below the first. */
export const FLOW_STEPS = [
  ["kubeflow", "Kubeflow"],
  ["dashboard", "Dashboard"],
  ["sample", "Sample job"],
] as const;

/**
 * Installs what the wish says, or goes on with it: what is done already is not done again. Tells each step in the timeline,
 * which has those of FLOW_STEPS. Rejects with what failed, as `Installer.run`, UserError `install-blocked`,
 * CancelledError; a step that has nothing to do says so.
 */
export async function installInto(
  ports: FlowPorts,
  timeline: Timeline,
  target: FlowTarget,
  signal: AbortSignal,
): Promise<void> {
  const { context, wish, held } = target;
  const [release] = ports.installers.releases;
  if (release === undefined || wantedOf(wish).length === 0) {
    leaveOut(timeline, "Nothing of Kubeflow was chosen.");
    return;
  }
  let telling: Promise<void> | undefined;
  try {
    const done = await timeline.result("kubeflow", async (tell) => {
      const client = await ports.client(context, signal);
      const installer = ports.installers.of(client);
      const choice = choiceOf(wish, release, await installer.platform(signal));
      const plan = target.plan ?? (await installer.plan(choice, signal, { onStep: tell, held }));
      if (plan.blocked) throw blocked(plan);
      let isKnown = false;
      const onSteps = (steps: readonly Step[]): void => {
        // The cluster has a record of it from now on: a row.
        if (!isKnown) ports.onInstall(context);
        isKnown = true;
        tell(`${steps.filter(({ state }) => state === "done").length} of ${plural(steps.length, "part")}`);
        timeline.putBelow("kubeflow", steps);
      };
      try {
        await installer.run(plan, onSteps, signal);
      } finally {
        // Who can sign in is told so, also where another part has failed.
        const isIn = plan.components.some(
          ({ component: { id, people } }) =>
            people === true && timeline.steps.some((step) => step.id === `kubeflow-${id}` && step.state === "done"),
        );
        if (isIn) telling = accountsOnce(ports, context, plan);
      }
      const detail = `${plural(plan.components.length, "part")} of Kubeflow ${release.id}`;
      return [detail, { client, installer, choice, plan }] as const;
    });
    const page = dashboard(done.client, timeline, done.plan, signal);
    // A page that does not answer is no reason to prove nothing.
    const [first] = await Promise.allSettled([page]);
    if (!signal.aborted) await sample(ports, timeline, { ...done, context, wanted: wish.sample }, signal);
    if (first.status === "rejected") throw first.reason;
  } finally {
    ports.onInstall(context);
    await telling;
    leaveOut(timeline, "What comes before it did not come to its end.");
  }
}

/** Of the steps that were not begun. */
function leaveOut(timeline: Timeline, detail: string): void {
  for (const [id] of FLOW_STEPS)
    if (timeline.steps.some((step) => step.id === id && step.state === "waiting"))
      timeline.put(id, { state: "skipped", detail });
}

function blocked({ checks }: InstallPlan): UserError {
  const failed = checks.filter(({ state }) => state === "failed");
  return new UserError("install-blocked", "Kubeflow was not installed.", {
    why: failed.map((check) => `${check.label}: ${check.detail}`).join(" "),
  });
}

/** Those that were made for this cluster and that nobody has seen. What fails of it fails nothing else. */
async function accountsOnce(
  { secrets, showAccounts, fail }: FlowPorts,
  context: string,
  { cluster, choice: { people = [] } }: InstallPlan,
): Promise<void> {
  if (people.length === 0 || cluster === "") return;
  try {
    const fresh = await notYetShown(secrets, cluster);
    if (fresh.length === 0) return;
    await showAccounts(context, fresh);
    await shown(secrets, cluster);
  } catch (error) {
    fail(error);
  }
}

async function dashboard(
  client: KubeClient,
  timeline: Timeline,
  { components }: InstallPlan,
  signal: AbortSignal,
): Promise<void> {
  if (!components.some(({ component }) => component.page === true)) {
    timeline.put("dashboard", { state: "skipped", detail: "What was chosen has no page of its own." });
    return;
  }
  await timeline.run("dashboard", async () => {
    const way = await findDoor(client, signal);
    return `Open Kubeflow Dashboard leads to ${label(way.service, 63)} in ${label(way.namespace, 63)}.`;
  });
}

async function sample(
  ports: FlowPorts,
  timeline: Timeline,
  of: {
    readonly context: string;
    readonly choice: Choice;
    readonly plan: InstallPlan;
    readonly installer: Installer;
    readonly wanted: boolean;
  },
  signal: AbortSignal,
): Promise<void> {
  const { context, choice, plan, installer } = of;
  const canRun = plan.components.some(({ component }) => component.id === plan.release.sample);
  if (!of.wanted || !canRun) {
    const detail = canRun ? "It was not asked for." : "What was chosen runs no PyTorchJob.";
    timeline.put("sample", { state: "skipped", detail });
    return;
  }
  const record = await installer.installed(signal);
  const id = sampleId(await installer.cluster(signal), record);
  const [namespace = "default"] = profileNames(choice.people ?? []).values();
  await timeline.run("sample", (tell) => ports.sample({ context, namespace, id }, tell, signal));
}

/** 12 hex digits that stand for this install. */
function sampleId(cluster: string, record: InstallRecord | undefined): string {
  const times = Object.values(record?.components ?? {}).flatMap(({ startedAt }) => startedAt ?? []);
  return createHash("sha256")
    .update(`${cluster} ${Math.min(...times)}`)
    .digest("hex")
    .slice(0, 12);
}
