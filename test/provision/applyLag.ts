// How long following a large apply holds the window up; for the test and for the benchmark.
import process from "node:process";
import type { TerraformProgram } from "../../src/provision/terraform/find.ts";
import { Cluster } from "./runnerFixture.ts";

export interface FoldLag {
  /** Longest time by the clock in which nothing else had its turn, ms. On a busy machine it is the machine's as well. */
  readonly lagMs: number;
  /** Most processor time that one turn took of this thread, ms. */
  readonly ownMs: number;
  /** Changes that were told, for each of which the timeline was made anew. */
  readonly told: number;
  readonly parts: number;
}

const EVERY_MS = 1;

/** Applies that many resources of `terraform_data` on real Terraform, in a folder of its own, and follows it. */
export async function foldLag(program: TerraformProgram, resources: number): Promise<FoldLag> {
  const cluster = new Cluster(program, `resource "terraform_data" "many" { count = ${resources} }`);
  const sampler = new Sampler();
  try {
    const watch = await cluster.apply(await cluster.plan());
    let [told, size] = [0, 0];
    watch.onDidChange(() => {
      told += 1;
      // As the window does: the timeline goes to the page as JSON.
      size = JSON.stringify(watch.step("cloud", "Cloud")).length;
    });
    sampler.start();
    const end = await watch.ended;
    if (end.kind !== "succeeded" || size === 0) throw new Error(end.message);
    return { ...sampler.figures, told, parts: watch.step("cloud", "Cloud").parts?.length ?? 0 };
  } finally {
    sampler.stop();
    cluster.dispose();
  }
}

/** Wants its turn every millisecond, and keeps the longest that it had to wait. */
class Sampler {
  #timer: NodeJS.Timeout | undefined;
  #lagMs = 0;
  #ownMs = 0;

  start(): void {
    let [last, own] = [performance.now(), processorMs()];
    this.#timer = setInterval(() => {
      const [now, spent] = [performance.now(), processorMs()];
      this.#lagMs = Math.max(this.#lagMs, now - last - EVERY_MS);
      this.#ownMs = Math.max(this.#ownMs, spent - own);
      [last, own] = [now, spent];
    }, EVERY_MS);
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  get figures(): { lagMs: number; ownMs: number } {
    return { lagMs: this.#lagMs, ownMs: this.#ownMs };
  }
}

function processorMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}
