// Making and deleting a cluster on this computer, by its tool.
import type { PlanWords, Step } from "../../contract/preview.ts";
import type { Wish } from "../../contract/wish.ts";
import { errorText, UserError } from "../../core/errors.ts";
import { label } from "../../core/sanitize.ts";
import { plural } from "../../core/text.ts";
import { made } from "../plan/made.ts";
import {
  dashboardButtons,
  installKubeflow,
  preparedKubeflow,
  readyWords,
  settle,
  storageWords,
  withKubeflow,
} from "./cloudSteps.ts";
import { type Button, type Ending, type Job, type JobPlanOptions, Question, recordFor } from "./job.ts";
import { clusterId } from "./madeClusters.ts";
import type { MakingPorts } from "./ports.ts";
import type { MadeRecord, Mode } from "./record.ts";
import { FLOW_STEPS, type Prepared, Timeline } from "../../install/index.ts";

const STEPS = {
  new: [["cluster", "Cluster"], ["kubeconfig", "Kubeconfig"], ["storage", "Default storage"], ...FLOW_STEPS],
  edit: [],
  destroy: [["cluster", "Cluster"]],
} as const;
const LOOK_MS = 60_000;

export class LocalJob implements Job {
  readonly wish: Wish;
  readonly timeline: Timeline;
  readonly watch = undefined;
  readonly terraform = undefined;
  readonly mode: Mode;
  readonly #ports: MakingPorts;
  #record: MadeRecord | undefined;
  /** The tool was started: what it has of this name is ours. */
  #begun = false;
  #kubeflow: Prepared | undefined;
  isThere = false;

  constructor(ports: MakingPorts, mode: Mode, wish: Wish, record: MadeRecord | undefined) {
    this.#ports = ports;
    this.mode = mode;
    this.wish = mode === "destroy" && record !== undefined ? record.wish : wish;
    this.#record = mode === "new" && record?.id !== clusterId(wish) ? undefined : record;
    this.timeline = new Timeline(ports.clock, [["plan", "Plan"]]);
  }

  get record(): MadeRecord | undefined {
    return this.#record;
  }

  get cancelMeaning(): string {
    if (!this.#begun) return "Nothing has been changed yet.";
    if (this.isThere) return "The cluster stays, with what is installed by then.";
    if (this.mode === "destroy") return `${this.wish.local.tool} is asked to end; the cluster may stay in part.`;
    return `${this.wish.local.tool} is asked to end. What it has made by then may stay; it is named afterwards.`;
  }

  async plan(signal: AbortSignal, options: JobPlanOptions): Promise<PlanWords> {
    if (this.mode === "edit")
      throw new UserError("local-edit", "A cluster on this computer is not changed.", {
        hint: "Delete it and make another.",
      });
    const known = (this.#record = await recordFor(this.#ports.made, this.mode, this.wish, this.#record));
    this.timeline.reset([["plan", "Plan"]]);
    const destroy = this.mode === "destroy";
    if (!destroy) await this.timeline.run("plan", () => this.#assertFree(known, options, signal));
    const things = destroy
      ? [{ what: `Cluster ${this.wish.name}`, detail: "with everything that is in it" }]
      : made(this.wish);
    const action = destroy ? ("delete" as const) : ("create" as const);
    const items = things.map(({ what, detail }) => ({ action, what: `${what}: ${detail}`, address: "" }));
    if (!destroy)
      this.#kubeflow = await this.timeline.result("plan", async (tell) => {
        return ["", await preparedKubeflow(this.#ports, this.wish, tell, signal)] as const;
      });
    const words: PlanWords = {
      ...{ creates: destroy ? 0 : items.length, changes: 0, replaces: 0, destroys: destroy ? items.length : 0 },
      sentence: `${destroy ? "removes" : "makes"} ${plural(items.length, "thing")} on this computer, with ${this.wish.local.tool}`,
      groups: [{ title: "This computer", items }],
    };
    return withKubeflow(words, this.#kubeflow);
  }

  /** There is none but the files. */
  exactPlan(): Promise<undefined> {
    return Promise.resolve(undefined);
  }

  async carryOut(signal: AbortSignal): Promise<undefined> {
    const record = this.#known;
    const { local, desk } = this.#ports;
    this.timeline.reset(STEPS[this.mode]);
    const phase = this.mode === "destroy" ? "destroying" : "making";
    const kubeflow = this.#kubeflow?.pin ?? record.kubeflow;
    this.#record = await this.#ports.made.update(record.id, { phase, begun: this.mode, wish: this.wish, kubeflow });
    this.#begun = true;
    const { tool } = this.wish.local;
    if (this.mode === "destroy") {
      await this.timeline.run("cluster", async () => {
        await local.delete(tool, this.wish.name, signal);
        return "Deleted.";
      });
      return undefined;
    }
    const tell = (steps: readonly Step[]): void => steps.forEach((step) => this.timeline.put(step.id, step));
    const kubeconfig = await local.create(this.wish.name, this.wish.local, tell, signal);
    this.#record = await this.#ports.made.update(record.id, { kubeconfig });
    await desk.added(kubeconfig);
    await this.#after(kubeconfig.context, signal);
    return undefined;
  }

  /** What comes once the cluster is there; what is done already is found so. */
  async #after(context: string, signal: AbortSignal): Promise<void> {
    this.isThere = true;
    await settle(this.#ports, this.timeline, "storage", async () =>
      storageWords(await this.#ports.client(context, signal), signal),
    );
    await installKubeflow(this.#ports, this.#known, this.timeline, signal);
  }

  /** The tool ended with the window, or went on without anybody to hear it: what there is, is looked at anew. */
  async resume(_run: unknown, signal: AbortSignal): Promise<undefined> {
    const { tool } = this.wish.local;
    this.timeline.reset(STEPS[this.mode]);
    this.#begun = true;
    const { kubeconfig } = this.#known;
    if (this.mode !== "destroy" && kubeconfig !== undefined) {
      for (const id of ["cluster", "kubeconfig"]) this.timeline.put(id, { state: "done", detail: "It is there." });
      await this.#after(kubeconfig.context, signal);
      return undefined;
    }
    const clusters = await this.#ports.local.list(tool, signal);
    const there = clusters.some(({ name }) => name === this.wish.name);
    if (this.mode === "destroy" && !there) {
      this.timeline.put("cluster", { state: "done", detail: "It has gone." });
      return undefined;
    }
    throw new UserError("window-closed", `The window closed while ${tool} was at work.`);
  }

  async finish(): Promise<Ending> {
    const { made: records, desk } = this.#ports;
    const { id, kubeconfig } = this.#known;
    const name = label(this.wish.name, 100);
    if (this.mode === "destroy") {
      this.#record = await records.update(id, { phase: "destroyed", note: undefined, kubeconfig: undefined });
      if (kubeconfig !== undefined) await desk.removed(kubeconfig);
      await records.forget(id);
      return { message: `${name} was deleted.`, buttons: [] };
    }
    this.#record = await records.update(id, { phase: "made", note: undefined });
    const show: Button = { title: "Show in Tree", press: () => desk.reveal(kubeconfig?.context ?? "") };
    const merge: Button = { title: "Merge into My Kubeconfig…", press: () => desk.run("merge", id) };
    const first = dashboardButtons(this.timeline, desk, kubeconfig?.context);
    return { message: readyWords(name, this.timeline), buttons: [...first, show, merge] };
  }

  async failed(note: string): Promise<MadeRecord | undefined> {
    if (this.#record === undefined || !this.#begun) return this.#record;
    const { id } = this.#record;
    // What failed after it is no reason to call the cluster half made, and so to delete it before another try.
    this.#record = await this.#ports.made.update(id, { phase: this.isThere ? "made" : "failed", note });
    return this.#record;
  }

  async left(words: string): Promise<Ending> {
    const { tool } = this.wish.local;
    // What was to go and is there still is no remainder.
    if (!this.#begun || this.mode === "destroy") return { message: words, buttons: [] };
    if (this.isThere) return { message: `${label(this.wish.name, 100)} is there. ${words}`, buttons: [] };
    const left = await this.#ports.local.left(tool, this.wish.name, AbortSignal.timeout(LOOK_MS));
    if (left === undefined) return { message: words, buttons: [] };
    const remove: Button = { title: "Delete What Is Left", press: async (show) => show(await this.#deleteLeft()) };
    return { message: `${words} ${left}`, buttons: [remove] };
  }

  dispose(): void {
    // The tool is ended by the signal of whoever called.
  }

  get #known(): MadeRecord {
    if (this.#record === undefined) throw new Error("There is no record yet.");
    return this.#record;
  }

  /** Throws where the tool has a cluster of this name: another's, or what an earlier attempt of ours has left. */
  async #assertFree(known: MadeRecord, { deleteLeft }: JobPlanOptions, signal: AbortSignal): Promise<string> {
    const { tool } = this.wish.local;
    // One that is there is what is adopted.
    if (tool === "microk8s") return "";
    const { name } = this.wish;
    const clusters = await this.#ports.local.list(tool, signal);
    if (!clusters.some((cluster) => cluster.name === name)) return "";
    if (known.phase !== "failed")
      throw new UserError("name-taken", `${label(name, 60)} was not planned.`, {
        why: `${tool} has a cluster of this name already.`,
        hint: "Choose another name.",
      });
    if (deleteLeft !== true)
      throw new Question(`${tool} still lists ${label(name, 60)} from the attempt before, which is half made.`, [
        {
          title: "Delete It, Then Plan…",
          sure: {
            question: `Delete ${label(name, 60)}?`,
            detail: `${tool} deletes the cluster with everything that is in it.`,
            agree: "Delete",
          },
          options: { deleteLeft: true },
        },
      ]);
    await this.#ports.local.delete(tool, name, signal);
    return "What was left is deleted.";
  }

  async #deleteLeft(): Promise<Ending> {
    const { tool } = this.wish.local;
    this.timeline.reset([["left", "What is left"]]);
    const name = label(this.wish.name, 100);
    try {
      await this.timeline.run("left", async () => {
        await this.#ports.local.delete(tool, this.wish.name, AbortSignal.timeout(5 * LOOK_MS));
        return "Deleted.";
      });
    } catch (error) {
      const again: Button = { title: "Delete What Is Left", press: async (show) => show(await this.#deleteLeft()) };
      return { message: errorText(error), buttons: [again] };
    }
    await this.#ports.made.update(this.#known.id, { phase: "destroyed", note: undefined });
    await this.#ports.made.forget(this.#known.id);
    return { message: `Nothing is left of ${name}.`, buttons: [] };
  }
}
