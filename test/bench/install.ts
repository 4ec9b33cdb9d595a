// How long the whole platform takes on an empty cluster, and how many writes fail on the way: beside what the release's
// own scripts do and beside the one command of its README, over the same files.
import { run, say, step } from "../../scripts/steps.mjs";
import { Cleanup, openRig, temporaryFolder } from "../cluster/support.ts";
import { full, lastSteps, NEVER, openInstallRig, type Rig, windowOf, withKubectl } from "../install/rig.ts";
import { testReleaseFolder } from "../install/testRelease.ts";
import { linkTo } from "./benchSandbox.ts";
import type { OnEnd } from "./ending.ts";
import { type Measured, Samples } from "./figures.ts";
import { RELEASE_SCRIPT, RETRY_LOOP } from "./installScripts.ts";

const SANDBOX = "bench-install";
const REPEATS = 3;
const SETTLED = ["wait", "--timeout=60s", "--for=create"];
const PEOPLE = ["ada@example.org"];
/** Where it is interrupted, time does not count. */
const QUICK = 0.1;

/** As far as in `bench lists`. */
const FAR = { roundTrip: 50, megabits: 20 };

type Work = (kubeconfig: string, folder: string, cleanup: Cleanup) => Promise<void>;

/** `-wan`: the cluster is far away, as one of a cloud is. */
const ARMS: readonly (readonly [string, Work])[] = [
  ["ours", ours],
  ["release-script", script(RELEASE_SCRIPT)],
  ["retry-loop", script(RETRY_LOOP)],
  ["ours-wan", ours],
  ["retry-loop-wan", script(RETRY_LOOP)],
];

export async function benchInstall(onEnd: OnEnd): Promise<Measured> {
  const [folder, quick] = [await testReleaseFolder(1), await testReleaseFolder(QUICK)];
  const samples = new Samples();
  for (let repeat = 1; repeat <= REPEATS; repeat++)
    for (const [arm, work] of ARMS)
      await onCluster(`${arm}, ${repeat} of ${REPEATS}`, onEnd, async (rig, cleanup) => {
        const place = await temporaryFolder(cleanup);
        const link = (): Promise<{ kubeconfig: string }> => linkTo(rig.sandbox, FAR, place, (end) => cleanup.add(end));
        const { kubeconfig } = arm.endsWith("-wan") ? await link() : rig.sandbox;
        // Until then what starts the cluster meets what is not there yet.
        await rig.sandbox.kubectl([...SETTLED, "configmap/extension-apiserver-authentication", "-n", "kube-system"]);
        const failedBefore = await failedWrites(rig);
        const begun = performance.now();
        await work(kubeconfig, folder, cleanup);
        const wallS = (performance.now() - begun) / 1000;
        const failedRequests = (await failedWrites(rig)) - failedBefore;
        await rig.sandbox.kubectl(["wait", "--for=condition=Available", "deployments", "--all", "-A", "--timeout=0"]);
        say(`${arm}: ${wallS.toFixed(0)} s, ${failedRequests} failed`);
        samples.add(arm, "wallS", wallS, "s");
        samples.add(arm, "failedRequests", failedRequests, "requests");
      });
  for (let repeat = 1; repeat <= REPEATS; repeat++)
    await onCluster(`going on, ${repeat} of ${REPEATS}`, onEnd, async (rig, cleanup) => {
      samples.add("ours", "resumeRepeats", await repeats(rig, quick, cleanup, repeat / (REPEATS + 1)), "components");
    });
  for (const { arm, figure } of GOALS) {
    const [name = "", rival] = figure.split(" of ");
    if (rival === undefined) continue;
    const [own = NaN, other = NaN] = [arm, rival].map((each) => samples.arms[each]?.[name]?.median);
    samples.add(arm, figure, own / Math.max(other, 1), "×");
  }
  return { arms: samples.arms, goals: GOALS, notes: NOTES };
}

const GOALS: Measured["goals"] = [
  { arm: "ours", figure: "wallS of release-script", atMost: 0.7 },
  { arm: "ours", figure: "wallS of retry-loop", atMost: 0.5 },
  { arm: "ours", figure: "failedRequests of retry-loop", atMost: 0.1 },
  { arm: "ours-wan", figure: "wallS of retry-loop-wan", atMost: 0.5 },
  { arm: "ours", figure: "resumeRepeats", atMost: 0 },
];

const NOTES = [
  "The full profile of the test release (502 objects) on an empty cluster each time, from the first command to the last " +
    "component that is ready; kustomize is part of it. The pods are kwok's: none pulls an image, each is ready after the " +
    "seconds that test/install/testRelease.ts gives its component (8 to 30, estimates), and stand-ins answer their webhooks.",
  "release-script: the order, waits and pauses of the release's own scripts (125 s of pauses). retry-loop: " +
    "`kustomize build | kubectl apply --server-side` until it succeeds, 20 s apart, then until all Deployments are available.",
  `-wan: through a proxy with a round trip of ${FAR.roundTrip} ms and ${FAR.megabits} Mbit/s each way; else the cluster is on this machine.`,
  "failedRequests: POST and PATCH that the API server answered with 400 or more, whoever asked, by its own count.",
  "resumeRepeats: components that were finished and applied again after the install was interrupted with a quarter, a half " +
    "and three quarters of them done, and when it is asked for once more.",
];

async function onCluster(
  what: string,
  onEnd: OnEnd,
  work: (rig: Rig, cleanup: Cleanup) => Promise<void>,
): Promise<void> {
  await step(what, async () => {
    const cleanup = new Cleanup();
    onEnd(() => cleanup.run());
    const rig = await openInstallRig(cleanup, SANDBOX);
    rig.standIn.platform = true;
    await work(rig, cleanup);
    await cleanup.run();
  });
}

async function ours(kubeconfig: string, folder: string, cleanup: Cleanup): Promise<void> {
  const { client } = await openRig(cleanup, kubeconfig);
  const { installer } = await windowOf(cleanup, client);
  const plan = await installer.plan(full(folder, { people: PEOPLE }), NEVER);
  await installer.run(plan, () => undefined, NEVER);
}

function script(text: string): Work {
  return async (kubeconfig, folder) => {
    const env = { ...(await withKubectl()), KUBECONFIG: kubeconfig };
    await run("sh", ["-c", text, "sh", folder], { env });
  };
}

/** Of those that were done when `part` of them were, how many were applied again by going on, and then by asking anew. */
async function repeats(rig: Rig, folder: string, cleanup: Cleanup, part: number): Promise<number> {
  const first = await windowOf(cleanup, rig.client);
  const choice = full(folder, { people: PEOPLE });
  const plan = await first.installer.plan(choice, NEVER);
  const ending = new AbortController();
  const steps = lastSteps();
  const done = (): readonly string[] =>
    plan.components.map(({ component: { id } }) => id).filter((id) => steps.of(id)?.state === "done");
  await first.installer
    .run(
      plan,
      (now) => {
        steps.onSteps(now);
        if (done().length >= plan.components.length * part) ending.abort();
      },
      ending.signal,
    )
    .catch((error: unknown) => {
      if (!ending.signal.aborted) throw error;
    });
  const finished = new Set(done());
  const { storage } = first;
  const second = await windowOf(cleanup, rig.client, { storage });
  await second.installer.resume(() => undefined, NEVER);
  const third = await windowOf(cleanup, rig.client, { storage });
  await third.installer.run(await third.installer.plan(choice, NEVER), () => undefined, NEVER);
  return (
    second.client.componentsApplied.filter((id) => finished.has(id)).length + third.client.componentsApplied.length
  );
}

/** By the API server's own count (server-side apply is a verb of its own there), without the cluster's own book-keeping. */
async function failedWrites({ sandbox }: Rig): Promise<number> {
  const metrics = await sandbox.kubectl(["get", "--raw", "/metrics"]);
  const counted = [...metrics.matchAll(/^apiserver_request_total\{([^}]*)\} (\d+)/gm)].filter(
    ([, labels = ""]) =>
      /verb="(POST|PATCH|APPLY)"/.test(labels) &&
      /code="[45]/.test(labels) &&
      !/resource="(nodes|apiservices|flowschemas|leases)"/.test(labels),
  );
  return counted.reduce((sum, [, , count]) => sum + Number(count), 0);
}
