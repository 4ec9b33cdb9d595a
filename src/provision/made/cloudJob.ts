// Making, changing and destroying a cluster in a cloud: Terraform, and what comes before and after it.
import { existsSync } from "node:fs";
import type { PlanWords } from "../../contract/preview.ts";
import type { Wish } from "../../contract/wish.ts";
import { CancelledError, errorText, isCancelled, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { FLOW_STEPS, type Prepared, Timeline } from "../../install/index.ts";
import type { KubeClient } from "../../kube/client.ts";
import { type MadeByKubernetes, madeByKubernetes, madeWords, removeMade } from "../cloud/kubernetesMade.ts";
import type { Leftovers } from "../cloud/leftovers.ts";
import { inspect, startApply } from "../terraform/apply.ts";
import { runsFolder } from "../terraform/commands.ts";
import type { RunEnd } from "../terraform/runEnd.ts";
import type { Run } from "../terraform/runs.ts";
import { RunWatch } from "../terraform/runWatch.ts";
import type { MadePlan, Terraform } from "../terraform/terraform.ts";
import {
  AFTER_STEPS,
  afterMaking,
  CHANGED_STEPS,
  dashboardButtons,
  failureContext,
  foundTerraform,
  installKubeflow,
  leftoversText,
  listLeftovers,
  placeOf,
  preparedKubeflow,
  readyWords,
  terraformFor,
  withKubeflow,
} from "./cloudSteps.ts";
import { type Button, type Ending, type Job, type JobPlanOptions, Question, recordFor } from "./job.ts";
import { clusterId } from "./madeClusters.ts";
import type { MakingPorts } from "./ports.ts";
import type { MadeRecord, Mode } from "./record.ts";

const CLOUD = ["cloud", "Cloud"] as const;
const EMPTY = {
  new: "makes nothing more: all of it is there; the steps after it are still to come",
  edit: "changes nothing",
  destroy: "removes nothing: Terraform knows of nothing that is there",
} as const;
const STEPS = {
  new: [CLOUD, ...AFTER_STEPS, ...FLOW_STEPS],
  edit: [CLOUD, ...CHANGED_STEPS],
  destroy: [CLOUD, ["leftovers", "What is left"]],
} as const;
const NOTHING_CHANGED = "Nothing has been changed yet.";
const PHASES = { init: "Prepares Terraform", validate: "Checks the files", plan: "Plans" } as const;

export class CloudJob implements Job {
  readonly wish: Wish;
  readonly timeline: Timeline;
  readonly mode: Mode;
  cancelMeaning = NOTHING_CHANGED;
  readonly #ports: MakingPorts;
  #record: MadeRecord | undefined;
  #terraform: Terraform | undefined;
  #plan: MadePlan | undefined;
  #kubeflow: Prepared | undefined;
  #watch: RunWatch | undefined;
  #left: Leftovers | undefined;
  /** The record as it was when this began; undefined before. */
  #before: MadeRecord | undefined;
  #isDisposed = false;

  constructor(ports: MakingPorts, mode: Mode, wish: Wish, record: MadeRecord | undefined) {
    this.#ports = ports;
    this.mode = mode;
    // What is destroyed is what was made, whatever a form says.
    this.wish = mode === "destroy" && record !== undefined ? record.wish : wish;
    // Another name or place is another cluster.
    this.#record = mode === "new" && record?.id !== clusterId(wish) ? undefined : record;
    this.timeline = new Timeline(ports.clock, [["plan", "Plan"]]);
  }

  get record(): MadeRecord | undefined {
    return this.#record;
  }

  get terraform(): Terraform | undefined {
    return this.#terraform;
  }

  get isThere(): boolean {
    return this.mode === "new" && this.#watch?.end?.kind === "succeeded";
  }

  get watch(): RunWatch | undefined {
    return this.#watch;
  }

  async plan(signal: AbortSignal, options: JobPlanOptions): Promise<PlanWords> {
    const destroy = this.mode === "destroy";
    const plan = ["plan", "Plan"] as const;
    this.timeline.reset(options.made === "delete" ? [["kubernetes", "What Kubernetes made"], plan] : [plan]);
    const known = await recordFor(this.#ports.made, this.mode, this.wish, this.#record);
    const record = (this.#record = { ...known, wish: this.wish });
    if (options.made === "delete") await this.#removeMade(record, options.agreed ?? [], signal);
    const made = await this.timeline.result("plan", async (tell) => {
      if (destroy && options.made !== "keep") await this.#askOfMade(record, signal);
      // What is destroyed is what its files describe, whatever newer ones would say.
      const find = destroy && existsSync(placeOf(this.#ports, record).folder) ? foundTerraform : terraformFor;
      this.#terraform = await find(this.#ports, record, signal);
      const done = await this.#terraform.plan({
        ...{ signal, destroy },
        onProgress: ({ phase, detail }) => tell(detail === "" ? PHASES[phase] : `${PHASES[phase]}: ${detail}`),
      });
      return [done.words.sentence, done] as const;
    });
    if (made.empty && this.mode === "edit") await this.#nothingToChange(known);
    this.#plan = made;
    const words = made.empty ? { ...made.words, sentence: EMPTY[this.mode] } : made.words;
    if (this.mode !== "new") return words;
    this.#kubeflow = await this.timeline.result("plan", async (tell) => {
      const prepared = await preparedKubeflow(this.#ports, this.wish, tell, signal);
      return [words.sentence, prepared] as const;
    });
    return withKubeflow(words, this.#kubeflow);
  }

  async exactPlan(signal: AbortSignal): Promise<string | undefined> {
    return this.#plan === undefined ? undefined : this.#terraform?.exactDiff(this.#plan, signal);
  }

  async carryOut(signal: AbortSignal): Promise<RunEnd | undefined> {
    const [record, terraform, plan] = [this.#record, this.#terraform, this.#plan];
    if (record === undefined || terraform === undefined || plan === undefined) throw new Error("There is no plan.");
    this.timeline.reset(STEPS[this.mode]);
    await this.#assertFree(record, plan.kind);
    const phase = this.mode === "destroy" ? "destroying" : "making";
    this.#before = await this.#ports.made.get(record.id);
    const kubeflow = this.#kubeflow?.pin ?? record.kubeflow;
    this.#record = await this.#ports.made.update(record.id, { phase, begun: this.mode, wish: this.wish, kubeflow });
    // A run of the same kind that another window began meanwhile is followed; its plan was not ours.
    const { run } = await this.timeline.begin("cloud", () => startApply(terraform, plan, this.#ports.keeper));
    return this.#follow(run, signal);
  }

  async resume(run: Run | undefined, signal: AbortSignal): Promise<RunEnd | undefined> {
    this.timeline.reset(STEPS[this.mode]);
    this.#before = this.#record;
    if (run === undefined || this.#record === undefined)
      throw new UserError("nothing-begun", "Nothing was begun: the window closed before Terraform had started.");
    const known = this.#record;
    // Without a Terraform the run can still be followed; only what comes after a failure says less.
    this.#terraform = await foundTerraform(this.#ports, known, signal).catch((error: unknown) => {
      if (isCancelled(error)) throw error;
      this.#ports.log.warn(`a run is followed without Terraform: ${errorText(error)}`);
      return undefined;
    });
    return this.#follow(run, signal);
  }

  async finish(): Promise<Ending> {
    const { made, desk } = this.#ports;
    const { id, kubeconfig } = this.#known;
    const name = label(this.wish.name, 100);
    if (this.mode !== "destroy") {
      this.#record = await made.update(id, { phase: "made", note: undefined });
      const show: Button = { title: "Show in Tree", press: () => desk.reveal(kubeconfig?.context ?? "") };
      const test: Button = { title: "Run GPU Test Pod", press: () => desk.run("testGpu", id) };
      const merge: Button = { title: "Merge into My Kubeconfig…", press: () => desk.run("merge", id) };
      const message = this.mode === "new" ? readyWords(name, this.timeline) : `${name} was changed.`;
      const hasGpus = this.wish.where !== "local" && this.wish[this.wish.where].gpu !== null;
      const first = dashboardButtons(this.timeline, desk, kubeconfig?.context);
      return { message, buttons: this.mode === "new" ? [...first, show, ...(hasGpus ? [test] : []), merge] : [show] };
    }
    this.#record = await made.update(id, { phase: "destroyed", note: undefined, kubeconfig: undefined });
    if (kubeconfig !== undefined) await desk.removed(kubeconfig);
    const left = this.#left;
    const count = left?.items.length ?? 0;
    const list: Button = {
      title: "Show What Is Left",
      press: () => desk.showText(`left-of-${name}.sh`, left === undefined ? "" : leftoversText(name, left)),
    };
    const isClean = count === 0 && left?.notes.length === 0;
    // Whoever merged the kubeconfig has its entries there still: that file is theirs.
    const merged = this.#known.merged === undefined ? "" : ` ${this.#known.merged} still names it.`;
    const message = isClean
      ? `${name} was destroyed. Nothing is left that bears its name.${merged}`
      : `${name} was destroyed. ${count === 0 ? "Whether something is left could not be told in full." : `${count} of what is left may cost money.`}${merged}`;
    const press: Button["press"] = async (show) => {
      await made.forget(id);
      show({ message: `${name} was destroyed, and its folder was removed.`, buttons: [] });
    };
    return { message, buttons: isClean ? [{ title: "Remove from List", press }] : [list] };
  }

  async failed(note: string, nothingDone = false): Promise<MadeRecord | undefined> {
    const before = this.#before;
    // Not begun: what another window does of it is that one's to say.
    if (before === undefined) return this.#record;
    const { phase, wish, note: said } = before;
    const change = nothingDone ? { phase, wish, note: said } : { phase: "failed" as const, note };
    this.#record = await this.#ports.made.update(before.id, change);
    return this.#record;
  }

  async left(words: string): Promise<Ending> {
    // Terraform has done its part: what failed is only what comes after it.
    const isDone = this.#watch?.end?.kind === "succeeded";
    const name = label(this.wish.name, 100);
    const there = this.mode === "destroy" ? `${name} was destroyed.` : `${name} is there and costs money.`;
    return Promise.resolve({ message: isDone ? `${there} ${words}` : words, buttons: [] });
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#watch?.dispose();
  }

  get #known(): MadeRecord {
    if (this.#record === undefined) throw new Error("There is no record yet.");
    return this.#record;
  }

  async #follow(run: Run, signal: AbortSignal): Promise<RunEnd | undefined> {
    const { clock, log, platform } = this.#ports;
    const runs = runsFolder(placeOf(this.#ports, this.#known));
    const context = failureContext(this.wish);
    const watch = (this.#watch = new RunWatch(run, { runs, clock, log, platform, context }));
    this.cancelMeaning = "What Terraform has done stays; the steps after it are left out.";
    watch.onDidChange(() => this.timeline.put("cloud", watch.step(...CLOUD)));
    if (this.#isDisposed) watch.dispose();
    // Cancelled before there was anything to interrupt.
    if (signal.aborted) await watch.cancel();
    const end = await watch.ended;
    this.timeline.put("cloud", watch.step(...CLOUD));
    if (end.kind !== "succeeded") return end;
    if (this.mode !== "destroy") {
      this.#record = await afterMaking(this.#ports, this.#known, this.timeline, signal);
      if (this.mode === "new") await installKubeflow(this.#ports, this.#known, this.timeline, signal);
    }
    if (this.mode === "destroy")
      this.#left = await this.timeline.result("leftovers", async () => {
        const { words, found } = await listLeftovers(this.#ports, this.wish, signal);
        return [words, found] as const;
      });
    return undefined;
  }

  /** One window may change a cluster while another destroys it: the first has it. */
  async #assertFree(record: MadeRecord, kind: Run["kind"]): Promise<void> {
    const { run, status } = await inspect(placeOf(this.#ports, record));
    if (run === undefined || run.kind === kind || !/^(running|unkept)$/.test(status)) return;
    const does = run.kind === "destroy" ? "destroying" : "making or changing";
    throw new UserError("another-run", "The plan was not carried out.", {
      why: `Another window is ${does} the cluster.`,
      hint: "Wait for its end, then plan again.",
    });
  }

  /** Throws UserError `nothing-to-change`: it is as it is asked for, also where an earlier attempt failed. */
  async #nothingToChange({ id, phase }: MadeRecord): Promise<never> {
    if (phase === "made" || phase === "failed")
      this.#record = await this.#ports.made.update(id, { phase: "made", wish: this.wish, note: undefined });
    throw new UserError("nothing-to-change", "Nothing is to be changed: the cluster is as the form says.");
  }

  /** Terraform knows nothing of what Kubernetes had the cloud make: a network with a load balancer in it does not go. */
  async #askOfMade(record: MadeRecord, signal: AbortSignal): Promise<void> {
    if (record.kubeconfig === undefined) return;
    let found: readonly MadeByKubernetes[];
    try {
      found = await madeByKubernetes(await this.#client(record, signal), signal);
    } catch (error) {
      if (isCancelled(error) || signal.aborted) throw new CancelledError();
      throw new Question(
        `The cluster could not be asked for load balancers and volumes that it made. ${label(errorText(error), 300)} ` +
          "What is there will stay, cost money, and may keep the network from being destroyed.",
        [
          { title: "Ask Again", options: {} },
          { title: "Plan Without Asking", options: { made: "keep" } },
        ],
      );
    }
    if (found.length === 0) return;
    const detail = found.map(({ namespace, name, what }) => label(`${namespace}/${name}: ${what}`, 200)).join("\n");
    throw new Question(
      `Kubernetes made ${madeWords(found)}, which Terraform does not know. Deleted first, they go; else they stay, ` +
        "cost money, and may keep the network from being destroyed. What is on the volumes is lost.",
      [
        {
          title: "Delete Them First…",
          sure: { question: `Delete ${madeWords(found)}?`, detail, agree: "Delete" },
          options: { made: "delete", agreed: found },
        },
        { title: "Plan Without Deleting", options: { made: "keep" } },
      ],
    );
  }

  async #removeMade(record: MadeRecord, agreed: readonly MadeByKubernetes[], signal: AbortSignal): Promise<void> {
    const { clock } = this.#ports;
    this.cancelMeaning = "What was asked to go still goes; nothing else is touched.";
    await this.timeline.run("kubernetes", async (tell) => {
      const client = await this.#client(record, signal);
      const still = await removeMade(client, agreed, { clock, signal, onProgress: tell });
      if (still.length > 0) throw new UserError("still-there", still.join(" "), { hint: "Wait, then plan again." });
      return "All of it is gone.";
    });
    this.cancelMeaning = NOTHING_CHANGED;
  }

  #client({ kubeconfig }: MadeRecord, signal: AbortSignal): Promise<KubeClient> {
    return this.#ports.client(kubeconfig?.context ?? "", signal);
  }
}
