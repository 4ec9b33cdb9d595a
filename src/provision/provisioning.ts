// Everything that makes, changes and removes clusters, composed without vscode: the bundle dist/provisioning.js.
import path from "node:path";
import type { Finding, Preview } from "../contract/preview.ts";
import type { Wish } from "../contract/wish.ts";
import { type Clock, systemClock } from "../core/clock.ts";
import type { Disposable } from "../core/dispose.ts";
import { errorText, UserError } from "../core/errors.ts";
import { Emitter } from "../core/events.ts";
import type { Logger } from "../core/log.ts";
import { label } from "../core/sanitize.ts";
import type { FlowPorts } from "../install/index.ts";
import type { MadePool } from "../jobs/index.ts";
import type { KubeClient } from "../kube/client.ts";
import { LoginPath } from "../kube/loginPath.ts";
import { type GpuTestResult, runGpuTest } from "./cloud/gpuTestPod.ts";
import { LiveFacts } from "./cloud/live.ts";
import { merge, type MergePreview, previewMerge } from "./cloud/mergeKubeconfig.ts";
import { type PoolNow, poolsNow, setNodes } from "./cloud/pools.ts";
import type { PreflightDeps } from "./cloud/preflight.ts";
import { Eks } from "./existing/eks.ts";
import { Gke } from "./existing/gke.ts";
import { OwnKubeconfigs } from "./existing/ownKubeconfigs.ts";
import { Programs } from "./existing/programs.ts";
import { shownFiles } from "./files/files.ts";
import { loadTemplates, type Templates } from "./files/templates.ts";
import { LocalClusters } from "./local/localClusters.ts";
import { MadeClusters } from "./made/madeClusters.ts";
import { Making } from "./made/making.ts";
import type { Desk, MakingPorts } from "./made/ports.ts";
import type { MadeRecord, Mode } from "./made/record.ts";
import { costNow, type CostNow, gpuNodePrice, gpuPoolOf } from "./plan/costNow.ts";
import { defaultWish } from "./plan/defaults.ts";
import { followed } from "./plan/follow.ts";
import { preview } from "./plan/preview.ts";
import { findings } from "./plan/rules.ts";
import type { KeeperProgram } from "./terraform/apply.ts";
import { findTerraform } from "./terraform/find.ts";
import { Wizard, type WizardDeps } from "./wizard/wizard.ts";

export interface ProvisioningOptions {
  /** Version of the extension. */
  readonly version: string;
  readonly env: NodeJS.ProcessEnv;
  readonly platform: NodeJS.Platform;
  /** Folder of our own that outlives the window. */
  readonly storage: string;
  /** The extension's `media/terraform`. */
  readonly templates: string;
  readonly keeper: KeeperProgram;
  /** Path of the person's setting; "" where there is none. */
  readonly terraformPath: () => string;
  readonly desk: Desk;
  readonly client: (context: string, signal: AbortSignal) => Promise<KubeClient>;
  /** What installs Kubeflow, loaded on first use. */
  readonly kubeflow: () => Promise<FlowPorts>;
  readonly clock?: Clock;
  readonly log: Logger;
}

export class Provisioning implements Disposable {
  readonly made: MadeClusters;
  readonly #options: ProvisioningOptions;
  readonly #programs: Programs;
  readonly #ports: MakingPorts;
  readonly #wizard: WizardDeps;
  /** By id of the cluster. */
  readonly #makings = new Map<string, Making>();
  readonly #all = new Set<Making>();
  /** Taking up is done one at a time: a run is followed once. */
  #turn: Promise<unknown> = Promise.resolve();
  readonly #changed = new Emitter<void>();
  #templates: Promise<Templates> | undefined;
  /** What is under way has come further; a record that is written tells `made.onDidChange`. */
  readonly onDidProgress = this.#changed.event;

  constructor(options: ProvisioningOptions) {
    this.#options = options;
    const { clock = systemClock, log, env, platform, storage, desk, client, keeper, version, kubeflow } = options;
    const loginPath = new LoginPath(env, platform, log);
    const programs = (this.#programs = new Programs({ env, platform, log, loginPath }));
    const own = new OwnKubeconfigs({ folder: path.join(storage, "kubeconfigs"), env, platform, programs });
    const gke = new Gke(programs, own);
    const eks = new Eks(programs, own, env);
    const local = new LocalClusters({ programs, files: own, storage, platform, clock });
    this.made = new MadeClusters({ folder: path.join(storage, "made"), version, clock, log });
    const find: MakingPorts["findTerraform"] = (signal) =>
      findTerraform({ env, platform, loginPath, setting: options.terraformPath(), signal });
    const live = new LiveFacts({ programs, gke, eks, local, platform, clock });
    const preflight: PreflightDeps = { programs, live, local, platform, findTerraform: find };
    const templates = (): Promise<Templates> => (this.#templates ??= loadTemplates(options.templates, version));
    this.#ports = {
      ...{ made: this.made, desk, programs, gke, eks, local, templates, findTerraform: find, keeper, client, kubeflow },
      ...{
        live: (wish: Wish) => live.known(wish),
        pluginCache: path.join(storage, "terraform-plugins"),
        clock,
        log,
        platform,
      },
    };
    this.#wizard = { desk, live, preflight, templates, today: () => new Date(clock.now()).toISOString().slice(0, 10) };
  }

  /** A page for a new cluster, or to change or destroy one that is there. Throws UserError `cluster-forgotten`. */
  async wizard(mode: Mode = "new", id?: string, wish: Wish = defaultWish()): Promise<Wizard> {
    if (id === undefined) return new Wizard(this.#wizard, this.#hold(new Making(this.#ports, mode)), wish);
    return this.#inTurn(async () => {
      const record = await this.#record(id);
      const known = this.#makings.get(id);
      // What is under way is shown as it is.
      const making = known?.isBusy === true ? known : await this.#take(mode, record);
      return new Wizard(this.#wizard, making, record.wish);
    });
  }

  /**
   * Takes up what an earlier window began and nobody has ended. Called when somebody looks at the tree: reads files, and
   * calls a program only where there is something to take up.
   */
  async resume(): Promise<void> {
    await this.#inTurn(async () => {
      for (const record of await this.made.list()) {
        if (this.#makings.get(record.id)?.isBusy === true || !/^(making|destroying)$/.test(record.phase)) continue;
        await this.#take("new", record).catch((error: unknown) =>
          this.#ports.log.warn(`${record.id} was not taken up: ${errorText(error)}`),
        );
      }
    });
  }

  /** What is being made of a cluster in this window, or was. */
  making(id: string): Making | undefined {
    return [...this.#makings.values()].find(({ record }) => record?.id === id);
  }

  /** The record of the cluster whose kubeconfig has this context. */
  async ofContext(context: string): Promise<MadeRecord | undefined> {
    return (await this.made.list()).find(({ kubeconfig }) => kubeconfig?.context === context);
  }

  /** The GPU pool of the cluster of this context, by its wish: asks nobody. Undefined where none was made from here. */
  async gpuPool(context: string): Promise<MadePool | undefined> {
    const { phase, wish } = (await this.ofContext(context)) ?? {};
    if (phase !== "made" || wish === undefined) return undefined;
    return gpuPoolOf(wish, this.#wizard.live.known(wish), this.#wizard.today());
  }

  /** What the form begins with. */
  defaultWish(): Wish {
    return defaultWish();
  }

  /** See plan/follow.ts. */
  followed(before: Wish, after: Wish): Wish {
    return followed(before, after, this.#wizard.live.known(after));
  }

  /** The rules that the wish breaks. */
  findings(wish: Wish): readonly Finding[] {
    return findings(wish, this.#wizard.live.known(wish), this.#wizard.today());
  }

  /** What the wizard would show of the wish. */
  async preview(wish: Wish): Promise<Preview> {
    const templates = await this.#wizard.templates();
    const live = this.#wizard.live.known(wish);
    return preview(wish, live, this.#wizard.today(), (one) => shownFiles(one, templates, live));
  }

  /** The cluster's node pools as they are; rejects as Programs.run. */
  async pools(id: string, signal: AbortSignal): Promise<readonly PoolNow[]> {
    return poolsNow((await this.#record(id)).wish, this.#programs, signal);
  }

  /** See setNodes. */
  async setNodes(id: string, pool: PoolNow, nodes: number, signal: AbortSignal): Promise<void> {
    await setNodes((await this.#record(id)).wish, pool, nodes, this.#programs, signal);
  }

  /** What the cluster costs now, from its pools as they are and the prices that AWS tells. */
  async costNow(id: string, signal: AbortSignal): Promise<CostNow> {
    const { wish } = await this.#record(id);
    const { live, today } = this.#wizard;
    // Google tells no price of a machine.
    const told = wish.where === "eks" ? live.ask(wish, signal) : undefined;
    const [pools] = await Promise.all([poolsNow(wish, this.#programs, signal), told]);
    return costNow(wish, pools, live.known(wish), today());
  }

  /** See gpuNodePrice. Asks nobody. */
  gpuNodePrice(wish: Wish): CostNow["gpuNode"] {
    return gpuNodePrice(wish, this.#wizard.live.known(wish), this.#wizard.today());
  }

  /** Runs `nvidia-smi` in a pod of the cluster; see runGpuTest. */
  async testGpu(id: string, onDetail: (detail: string) => void, signal: AbortSignal): Promise<GpuTestResult> {
    const { wish, kubeconfig } = await this.#record(id);
    if (kubeconfig === undefined)
      throw new UserError("not-connected", "There was no GPU test.", { why: "The cluster has no kubeconfig yet." });
    const client = await this.#options.client(kubeconfig.context, signal);
    const { clock } = this.#ports;
    return runGpuTest({ client, clock, namespace: "default", scales: wish.where === "gke", onDetail, signal });
  }

  /** The merge of the cluster's kubeconfig into the person's own, for them to look at. */
  async previewMerge(id: string): Promise<MergePreview> {
    const { kubeconfig, wish } = await this.#record(id);
    if (kubeconfig === undefined)
      throw new UserError("not-connected", `${label(wish.name)} has no kubeconfig yet.`, { hint: "Make it first." });
    return previewMerge(kubeconfig.file, this.#options.env, this.#options.platform);
  }

  /** Writes the merge that was looked at. Resolves to where the file as it was is kept. */
  async merge(id: string, shown: MergePreview): Promise<string | undefined> {
    const kept = await merge(shown, this.#ports.clock.now());
    await this.made.update(id, { merged: shown.file });
    return kept;
  }

  dispose(): void {
    for (const making of this.#all) making.dispose();
    this.#all.clear();
    this.#makings.clear();
    this.#changed.dispose();
  }

  async #record(id: string): Promise<MadeRecord> {
    const record = await this.made.get(id);
    if (record !== undefined) return record;
    throw new UserError("cluster-forgotten", "The cluster is not known here any more.", {
      why: "Its folder has gone.",
    });
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const result = this.#turn.then(work);
    this.#turn = result.catch(() => undefined);
    return result;
  }

  async #take(mode: Mode, record: MadeRecord): Promise<Making> {
    const making = this.#hold(new Making(this.#ports, mode, record));
    const before = this.#makings.get(record.id);
    this.#makings.set(record.id, making);
    await making.resume();
    before?.dispose();
    if (before !== undefined) this.#all.delete(before);
    return making;
  }

  #hold(making: Making): Making {
    this.#all.add(making);
    let known: string | undefined;
    let ended = false;
    making.onDidChange(() => {
      // There is one cluster more, or one less.
      if (making.state.phase === "ended" && !ended) this.#wizard.live.forget();
      ended = making.state.phase === "ended";
      const id = making.record?.id;
      // A new cluster has an id only once it was planned.
      if (id !== undefined && id !== known) this.#makings.set((known = id), making);
      this.#changed.fire();
    });
    return making;
  }
}

export function createProvisioning(options: ProvisioningOptions): Provisioning {
  return new Provisioning(options);
}
