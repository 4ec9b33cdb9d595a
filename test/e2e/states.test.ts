// Every kind in every state, as its row says it: one table for each kind, one picture of many rows.
import { Cleanup, kubeconfigOf, makeNamespace, openRig } from "../cluster/support.ts";
import { until } from "../editor/until.ts";
import type { Workbench } from "../editor/workbench.ts";
import { type Contexts, makeContexts } from "./stateClusters.ts";
import { fillWithJobs, passDeadline } from "./stateJobs.ts";
import { fillWithNotebooks, holdGpu, jobsOnly, makeNodes } from "./stateOthers.ts";
import { lookAtFailure, spokenRows, Stage, widenSideBar } from "./support.ts";

/** What a screen reader says of a row after its name. */
type Says = Readonly<Record<string, RegExp>>;

/** Rows come to their states while others are looked at; the slowest crash twice, with a pause of ten seconds. */
const SLOW_MS = 60_000;

/** On a busy node the container runtime may hear of the end before it hears why: then nobody but the signal tells it. */
const OUT_OF_MEMORY =
  /^training job, failed, rank 0: (out of memory \(32 mebibytes\)|was killed \(SIGKILL\), often for want of memory)/;

describe("the explorer's rows, each kind in each state", () => {
  const cleanup = new Cleanup();
  let stage: Stage;
  let workbench: Workbench;
  let namespace: string;
  let contexts: Contexts;

  before(async function () {
    this.timeout(180_000);
    const { client } = await openRig(cleanup, kubeconfigOf("admin"));
    namespace = await makeNamespace(cleanup, client, "states");
    const node = await makeNodes(cleanup, client, namespace);
    await fillWithJobs(cleanup, client, namespace, node);
    await fillWithNotebooks(cleanup, client, namespace);
    await holdGpu(client, namespace, node);
    contexts = await makeContexts(cleanup, namespace, await jobsOnly(client, namespace));
    // High enough for all jobs at once: rows that are out of sight are not in the page.
    stage = await Stage.set("states", {
      env: { KUBECONFIG: contexts.file },
      viewport: { width: 1280, height: 1500 },
    });
    cleanup.add(() => stage.strike());
    workbench = stage.workbench;
    await workbench.openView("Kubeflow");
    await widenSideBar(workbench, 560);
    await workbench.viewMenu("Arrange Rows…");
    await workbench.pick("Sort by name");
    await workbench.expandRow(/^ml-prod, cluster/);
    await workbench.expandRow(new RegExp(`^${namespace}, namespace`));
    await passDeadline(client, namespace);
  });

  after(() => cleanup.run());

  afterEach(async function () {
    await lookAtFailure(this, stage);
    await workbench.page.keyboard.press("Escape");
  });

  /** Waits until each row says this, of those below a job where one is named; the error has what they say instead. */
  async function say(rows: Says, job?: string): Promise<void> {
    const wrong = async (): Promise<readonly string[]> => {
      const spoken = rowsBelow(job, await spokenRows(workbench));
      return Object.entries(rows).flatMap(([name, words]) => {
        const own = spoken.filter((text) => text.startsWith(`${name}, `));
        const isRight = own.some((text) => words.test(text.slice(name.length + 2)));
        return isRight ? [] : [`${own.join(" | ") || `no row ${name}`}; wanted ${String(words)}`];
      });
    };
    await until("rows", wrong, (left) => left.length === 0, SLOW_MS);
  }

  it("PyTorchJob: what it does, what it waits for, and why it failed", async () => {
    await say({
      "pytorch-claim": /^training job, waiting, rank 0: the volume claim imagenet does not exist/,
      "pytorch-gpus": /^training job, waiting, rank 0: needs 2 × GPU, none free, for/,
      "pytorch-image": /^training job, waiting, rank 0: the image cannot be pulled/,
      "pytorch-memory": /^training job, waiting, rank 0: needs 900 gibibytes memory, not free/,
      "pytorch-quota": /^training job, waiting, the quota team-gpus allows 24 GPUs \(.* in use, it asks for 32\)/,
      "pytorch-secret": /^training job, waiting, rank 0: Secret hub-token is missing/,
      "pytorch-selector": /^training job, waiting, rank 0: 1 node lacks the labels that it asks for/,
      "pytorch-queued": /^training job, queued, in team-gold/,
      "pytorch-init": /^training job, starting, rank 0 running fetch-data/,
      "pytorch-placed": /^training job, starting, rank 0 on l4-ready/,
      "pytorch-running": /^training job, running, 2 nodes/,
      "pytorch-half": /^training job, running, rank 1: needs 2 × GPU, none free, for/,
      "pytorch-limps": /^training job, running, rank 1 keeps crashing: exit code 1, \d+ restarts?/,
      "pytorch-crashes": /^training job, restarting, rank 0 keeps crashing: exit code 1, \d+ restarts?/,
      "pytorch-suspended": /^training job, suspended, 1 node/,
      "pytorch-succeeded": /^training job, succeeded, 1 node, took [^,]+, (just now|.* ago), PyTorchJob$/,
      "pytorch-oom": OUT_OF_MEMORY,
      "pytorch-exit": /^training job, failed, rank 0: ended with exit code 3/,
      "pytorch-segfault": /^training job, failed, rank 0: crashed in native code \(SIGSEGV\)/,
      "pytorch-typo": /^training job, failed, rank 0: its command pyhton3 was not found/,
      "pytorch-alone": /^training job, failed, rank 0: gave up waiting for the other ranks/,
      "pytorch-deadline": /^training job, failed, it ran longer than its deadline allows/,
      "pytorch-evicted": /^training job, failed, rank 0: evicted/,
      "pytorch-stopping": /^training job, stopping, being deleted/,
    });
  });

  it("TrainJob: what it does, what it waits for, and why it failed", async () => {
    await say({
      "trainjob-gpus": /^training job, waiting, rank 0: needs 2 × GPU, none free/,
      "trainjob-image": /^training job, waiting, rank 0: the image cannot be pulled/,
      "trainjob-quota": /^training job, waiting, the quota team-gpus allows 24 GPUs \(.* in use, it asks for 32\)/,
      "trainjob-queued": /^training job, queued, in team-gold/,
      "trainjob-data": /^training job, starting, dataset-initializer runs/,
      "trainjob-running": /^training job, running, 2 nodes/,
      "trainjob-crashes": /^training job, restarting, rank 0 keeps crashing/,
      "trainjob-suspended": /^training job, suspended, 1 node/,
      "trainjob-succeeded": /^training job, succeeded, 1 node/,
      "trainjob-oom": OUT_OF_MEMORY,
      "trainjob-exit": /^training job, failed, rank 0: ended with exit code 3/,
      "trainjob-stopping": /^training job, stopping, being deleted/,
    });
  });

  it("TFJob, MPIJob, XGBoostJob, PaddleJob and JAXJob say the same in the same words", async () => {
    await say({
      "tf-running": /^training job, running, 1 node/,
      "tf-failed": /^training job, failed, rank 0: ended with exit code 3/,
      "mpi-running": /^training job, running, 1 node/,
      "mpi-waiting": /^training job, waiting, .*needs 2 × GPU, none free.*MPIJob$/,
      "xgb-succeeded": /^training job, succeeded, 1 node/,
      "xgb-failed": /^training job, failed, rank 0: ended with exit code 3/,
      "paddle-running": /^training job, running, 1 node/,
      "paddle-suspended": /^training job, suspended, 1 node/,
      "jax-succeeded": /^training job, succeeded, 1 node/,
      "jax-waiting": /^training job, waiting, rank 0: the image cannot be pulled/,
    });
    for (const theme of ["light", "hc-black", "dark"] as const) {
      await workbench.setTheme(theme);
      await stage.look(`jobs-${theme}`);
    }
  });

  it("ranks, initializers and launchers each have a row of their own, with their node or what holds them up", async () => {
    const below: Readonly<Record<string, Says>> = {
      "mpi-running": { launcher: /^running/, "rank 0": /^running/ },
      "pytorch-evicted": { "rank 0": /^failed, evicted/ },
      "pytorch-half": { "rank 0": /^running/, "rank 1": /^waiting, needs 2 × GPU, none free$/ },
      "pytorch-image": { "rank 0": /^waiting, the image cannot be pulled/ },
      "pytorch-limps": { "rank 0": /^running/, "rank 1": /^restarting, keeps crashing: .*, \d+ restarts?$/ },
      "pytorch-oom": { "rank 0": /^failed, (out of memory \(32 mebibytes\)|was killed \(SIGKILL\))/ },
      "pytorch-placed": { "rank 0": /^starting, on l4-ready/ },
      "pytorch-quota": { "rank 0": /^waiting, no pod yet/ },
      "pytorch-succeeded": { "rank 0": /^succeeded/ },
      "tf-running": { ps: /^running/ },
      "trainjob-data": { "dataset-initializer": /^running/, "rank 0": /^waiting, no pod yet/ },
    };
    for (const [job, rows] of Object.entries(below)) {
      await workbench.expandRow(new RegExp(`^${job}, training job`));
      await say(rows, job);
    }
    await stage.look("ranks");
    await workbench.foldRow(/^Training jobs/);
  });

  it("Notebook: ready, idle, stopped, starting, waiting for what, failed, stopping", async () => {
    await workbench.expandRow(/^Notebooks/);
    await say({
      "nb-ready": /^notebook, ready, for /,
      "nb-idle": /^notebook, ready, idle for 2 hours/,
      "nb-stopped": /^notebook, stopped, .* ago$/,
      "nb-starting": /^notebook, starting, its server is not ready yet/,
      "nb-image": /^notebook, waiting, the image cannot be pulled/,
      "nb-gpus": /^notebook, waiting, needs 2 × GPU, not free, 2 GPUs, for /,
      "nb-quota": /^notebook, waiting, the quota team-gpus allows 24 GPUs \(.* in use, it asks for 32\), 32 GPUs, for /,
      "nb-crashes": /^notebook, failed, keeps crashing: exit code 1, started /,
      "nb-claim": /^notebook, waiting, its volume claim nb-home has no volume: there is no StorageClass fast-ssd, for /,
      "nb-stopping": /^notebook, stopping, being deleted/,
    });
  });

  it("Node: ready, cordoned, not ready, with whole and parted GPUs, and who holds them", async () => {
    await workbench.expandRow(/^Nodes/);
    await say({
      [`l4-ready-${namespace}`]: /^node, ready, L4, 0 of 4 GPUs free/,
      [`l4-cordoned-${namespace}`]: /^node, cordoned, L4, 0 of 4 GPUs free/,
      [`l4-broken-${namespace}`]: /^node, not ready, container runtime is down, L4, 0 of 4 GPUs free/,
      [`mig-${namespace}`]: /^node, ready, A100, 7 of 7 MIG 1g\.5gb free/,
      "sandbox-node": /^node, ready$/,
    });
    await workbench.expandRow(new RegExp(`^l4-ready-${namespace}, node`));
    await say({
      "pytorch-placed": /^training job, holds 3 GPUs/,
      "debug-gpu": /^pod, holds 1 GPU/,
    });
    await stage.look("notebooks-and-nodes");
    await workbench.foldRow(/^ml-prod, cluster/);
  });

  it("a job whose pods may not be read says what it says of itself, or that nobody can tell", async () => {
    await workbench.expandRow(/^few-rights, cluster/);
    await workbench.expandRow(new RegExp(`^${namespace}, namespace`));
    await say({
      "pytorch-running": /^training job, running/,
      "pytorch-image": /^training job, (waiting|starting|running), its pods cannot be read/,
      "trainjob-running": /^training job, unknown, its pods cannot be read/,
    });
    await stage.look("unknown");
    await workbench.foldRow(/^few-rights, cluster/);
  });

  it("Cluster: not connected, connecting, live, stale, sign-in needed, and why it is not reached", async () => {
    await workbench.expandRow(/^stale-lab, cluster/);
    await workbench.expandRow(new RegExp(`^${namespace}, namespace`));
    await say({ "stale-lab": /^cluster, live/, "pytorch-running": /^training job, running/ });
    await workbench.foldRow(/^Training jobs/);
    await contexts.proxy.refuse();
    contexts.proxy.cut();
    const failing = ["old-token", "old-certificate", "laptop", "other-authority", "no-program", "failing-program"];
    for (const name of [...failing, "building"]) await workbench.expandRow(new RegExp(`^${name}, cluster`));
    // Only as long as it is dialled.
    await workbench.expandRow(/^slow-vpn, cluster/);
    await say({ "slow-vpn": /^cluster, connecting/ });
    await say({
      "ml-prod": /^cluster, live, 1\.34/,
      "not-opened": /^cluster, not connected/,
      "few-rights": /^cluster, live, 1\.34/,
      "stale-lab": /^cluster, stale for (a moment|\d+ min\w*): unreachable/,
      "old-token": /^cluster, sign-in needed/,
      "old-certificate": /^cluster, certificate expired/,
      laptop: /^cluster, unreachable, nothing listens at 127\.0\.0\.1:1/,
      "other-authority": /^cluster, server not trusted/,
      "no-program": /^cluster, sign-in program missing/,
      "failing-program": /^cluster, sign-in failed/,
      building: /^cluster, not ready yet/,
    });
    // Of ml-prod, which is folded, and of what is stale nobody keeps the number up to date.
    const numbers = async () => (await spokenRows(workbench)).filter((row) => row.includes("free"));
    await until("no number of GPUs", numbers, (rows) => rows.length === 0, SLOW_MS);
    await stage.look("clusters");
  });
});

/** The rows between a job's and the next job's; all where no job is named. */
function rowsBelow(job: string | undefined, spoken: readonly string[]): readonly string[] {
  if (job === undefined) return spoken;
  const after = spoken.slice(spoken.findIndex((text) => text.startsWith(`${job}, `)) + 1);
  const end = after.findIndex((text) => text.includes(", training job, "));
  return end < 0 ? after : after.slice(0, end);
}
