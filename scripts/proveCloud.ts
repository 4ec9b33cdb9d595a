// `npm run prove-cloud -- gke --project P [--region R]` or `-- eks [--profile P] [--region R]`: proves a cloud on a real
// account in one run, through what the wizard uses: create, kubeconfig, storage, GPU pod, destroy, leftovers. Costs money.
import fs from "node:fs/promises";
import os from "node:os";
import path from "node:path";
import process from "node:process";
import { parseArgs } from "node:util";
import { NO_KUBEFLOW, type Wish } from "../src/contract/wish.ts";
import { systemClock } from "../src/core/clock.ts";
import { errorText } from "../src/core/errors.ts";
import { duration } from "../src/core/text.ts";
import type { Provisioning } from "../src/provision/index.ts";
import { findTerraform } from "../src/provision/terraform/find.ts";
import { ROOT } from "./build.ts";
import { ask, Clients, compose, type ProofHost } from "./proveCloudHost.ts";

/** Of the cluster that is made and destroyed. */
const NAME = "trainyard-proof";
/** A node of a pool that nothing scales comes within minutes. */
const [NODE_MS, LOOK_MS] = [15 * 60_000, 15_000];

export interface Proof {
  readonly cloud: "gke" | "eks";
  readonly project: string;
  readonly profile: string;
  readonly region: string;
  /** Nobody is asked. */
  readonly yes: boolean;
  /** Only what an earlier run has left goes. */
  readonly destroy: boolean;
}

/** Undefined where the arguments are none that are understood. */
export function parseProof(argv: readonly string[]): Proof | undefined {
  const text = { type: "string", default: "" } as const;
  const flag = { type: "boolean", default: false } as const;
  const options = { project: text, profile: text, region: text, yes: flag, destroy: flag };
  try {
    const { values, positionals } = parseArgs({ args: [...argv], options, allowPositionals: true });
    const [cloud, ...more] = positionals;
    const fits = cloud === "gke" ? values.project !== "" && values.profile === "" : values.project === "";
    return (cloud === "gke" || cloud === "eks") && more.length === 0 && fits ? { cloud, ...values } : undefined;
  } catch {
    // An option that there is none of: the usage says which there are.
    return undefined;
  }
}

type Say = (line: string) => void;

/** Resolves with the exit code: 0 proven, 1 not, 2 not begun. What may be left is said at the end, whatever happens. */
export async function prove(proof: Proof, host: ProofHost): Promise<number> {
  const { cloud } = proof;
  const lines: string[] = [];
  const say: Say = (line) => host.print(lines[lines.push(line) - 1] ?? "");
  const agrees = async (question: string): Promise<boolean> =>
    proof.yes || (await host.ask(`${question} Type ${NAME} to agree: `)) === NAME;
  const clients = new Clients(path.join(host.storage, "kubeconfigs"), host.env);
  const made = compose(host, clients, agrees);
  const left = async () => (await made.made.list()).find(({ phase }) => !/^(planned|destroyed)$/.test(phase));
  const destroy = async (): Promise<void> => {
    const there = await left();
    if (there !== undefined) await carryOut(made, "destroy", there.wish, there.id, host.signal, say);
  };
  const wish = (await left())?.wish ?? wishOf(proof, made);
  const { cost, findings } = await made.preview(wish);
  const [least, most] = [cost.hour.least, cost.hour.most].map((hour) => `$${hour.toFixed(2)}/h`);
  const unpriced = cost.lines.filter((line) => line.most === null).map(({ what }) => what);
  const price = `${least} to ${most} list${unpriced.length === 0 ? "" : `, without ${unpriced.join(", ")}: no price known`}`;
  const pools = `${wish[cloud].cpu.machine}, ${wish[cloud].gpu?.machine ?? "no GPUs"}`;
  say(`# ${cloud.toUpperCase()}, ${wish[cloud].region}, ${new Date().toISOString().slice(0, 10)}\n`);
  const terraform = await findTerraform({ env: host.env, platform: process.platform }).catch(errorText);
  const version = typeof terraform === "string" ? terraform : `${terraform.kind} ${terraform.version}`;
  say(`Trainyard ${host.version}, Node ${process.version}, ${os.platform()}, ${version}; ${pools}; ${price}.\n`);
  let code = 1;
  try {
    if (!proof.destroy) {
      if ((await left()) !== undefined) throw new Error("An earlier run has left a cluster.");
      const wrong = findings.find(({ severity }) => severity === "error");
      if (wrong !== undefined) throw new Error(wrong.message);
      if (!(await agrees(`A cluster is made in your account and destroyed again: ${price}.`))) {
        made.dispose();
        return 2;
      }
      await carryOut(made, "new", wish, undefined, host.signal, say);
      await timed("GPU test pod", say, () => testGpu(made, host));
    }
    await destroy();
    say(proof.destroy ? "- Destroyed." : "- Proven: it was made, ran and was destroyed.");
    code = 0;
  } catch (error) {
    say(`- Failed: ${errorText(error)}`);
    const question = "Destroy what is there?";
    if (!proof.yes && !proof.destroy && (await left()) !== undefined && (await agrees(question)))
      await destroy().catch((again: unknown) => say(`- Not destroyed: ${errorText(again)}`));
  }
  const rest = await left();
  const account = cloud === "gke" ? `--project ${wish.gke.project}` : `--profile "${wish.eks.profile}"`;
  if (rest !== undefined) {
    say(`- Left: ${rest.wish.name} (${rest.phase}) may cost money. Files and state: ${made.made.folder(rest.id)}`);
    say(`- Destroy it: npm run prove-cloud -- ${cloud} ${account} --destroy`);
  }
  await fs.mkdir(path.dirname(host.report), { recursive: true });
  await fs.writeFile(host.report, `${lines.join("\n")}\n`);
  made.dispose();
  clients.dispose();
  return code;
}

function wishOf({ cloud, project, profile, region }: Proof, made: Provisioning): Wish {
  const part = { where: cloud, name: NAME, state: { kind: "mine" }, kubeflow: NO_KUBEFLOW } as const;
  const begin: Wish = { ...made.defaultWish(), ...part };
  const there = region === "" ? begin[cloud].region : region;
  const { gke, eks } = begin;
  const wish = { ...begin, gke: { ...gke, project, region: there }, eks: { ...eks, profile, region: there } };
  return made.followed(begin, wish);
}

async function timed(what: string, say: Say, work: () => Promise<string>): Promise<void> {
  const start = Date.now();
  say(`- ${what}: ${await work()} (${duration(Date.now() - start)})`);
}

/** Plans and carries out, as the page does; each step is told with its time and words. Rejects where it does not end well. */
async function carryOut(
  made: Provisioning,
  mode: "new" | "destroy",
  wish: Wish,
  id: string | undefined,
  signal: AbortSignal,
  say: Say,
): Promise<void> {
  const { making } = await made.wizard(mode, id, wish);
  const cancel = (): void => void making.cancel();
  signal.addEventListener("abort", cancel);
  try {
    await timed(`Plan (${mode})`, say, async () => {
      await making.plan(wish);
      // What Kubernetes made goes first, where the person agrees.
      await making.press("plan", "Delete Them First…");
      const { plan, planFailure } = making.state;
      if (plan === undefined) throw new Error(planFailure?.message ?? "Cancelled.");
      return plan.sentence;
    });
    await making.create();
    const { outcome, steps } = making.state;
    for (const { label, state, detail, startedAt = 0, endedAt = startedAt } of steps)
      say(`- ${label}: ${state}. ${detail} (${duration(endedAt - startedAt)})`);
    const bad = steps.some(({ state }) => state === "failed");
    if (outcome?.good !== true || bad) throw new Error(outcome?.message ?? "It did not end.");
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

async function testGpu(made: Provisioning, { signal, print }: ProofHost): Promise<string> {
  const [record] = await made.made.list();
  const id = record?.id ?? "";
  // Nothing scales a pool of EKS.
  const pool =
    record?.wish.where === "eks" ? (await made.pools(id, signal)).find(({ name }) => name === "gpu") : undefined;
  if (pool !== undefined) await made.setNodes(id, pool, 1, signal);
  for (const end = Date.now() + NODE_MS; ;) {
    const { state, detail } = await made.testGpu(id, (words) => print(`  ${words}`), signal);
    if (state === "done") return detail;
    if (state === "failed" || Date.now() > end) throw new Error(detail);
    await systemClock.sleep(LOOK_MS, signal);
  }
}

if (process.argv[1] === import.meta.filename) {
  const proof = parseProof(process.argv.slice(2));
  const usage = "usage: npm run prove-cloud -- gke --project P | eks [--profile P]  [--region R] [--yes] [--destroy]";
  if (proof === undefined) console.error(usage);
  const stop = new AbortController();
  // The terminal and npm both send it.
  process.on("SIGINT", () => stop.abort());
  const out = path.join(ROOT, "out");
  const text = await fs.readFile(path.join(ROOT, "package.json"), "utf8");
  const { version } = JSON.parse(text) as { version: string };
  const storage = path.join(out, `prove-cloud-${proof?.cloud ?? ""}`);
  const host = { env: process.env, templates: path.join(ROOT, "media/terraform"), storage, report: `${storage}.md` };
  const code = proof && (await prove(proof, { ...host, version, print: console.log, ask, signal: stop.signal }));
  process.exitCode = code ?? 2;
}
