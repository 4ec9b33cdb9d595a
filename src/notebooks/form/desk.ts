// Makes notebooks: what the engine hands out of the form.
import { randomBytes } from "node:crypto";
import type { NotebookForm } from "../../contract/notebookForm.ts";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { MadePool } from "../../jobs/index.ts";
import { deleteObject } from "../../kube/anyObject.ts";
import type { Cluster } from "../../kubeflow/cluster.ts";
import { RoomReader } from "../../kubeflow/nodeRoom.ts";
import { checkNotebook, type NotebookFound } from "./checks.ts";
import { type MadeObject, madeOf, makeNotebook } from "./create.ts";
import { openedForm, readFacts } from "./facts.ts";
import { type NotebookFormPorts, NotebookFormHost, type NotebookPlace, type NotebookPlan } from "./host.ts";

export interface NotebookDeskOptions {
  readonly cluster: (context: string) => Cluster;
  readonly clock: Clock;
  readonly log: Logger;
  readonly gpuPool?: (context: string) => Promise<MadePool | undefined>;
}

/** What of the page is the editor's. */
export interface NotebookEditorPorts extends Pick<NotebookFormPorts, "made" | "open" | "press" | "keep" | "onError"> {
  readonly making: (
    name: string,
    work: (signal: AbortSignal, tell: (text: string) => void) => Promise<MadeObject>,
  ) => Promise<MadeObject>;
}

/** After a failure, what is left is looked for so long; ms. */
const LOOK_MS = 20_000;

export class NotebookDesk {
  readonly #o: NotebookDeskOptions;
  readonly #rooms: RoomReader;

  constructor(options: NotebookDeskOptions) {
    this.#o = options;
    this.#rooms = new RoomReader(options.clock);
  }

  /**
   * Reads what the place offers, and returns the page's other side. `like`: a notebook's name, "" for none. Rejects with
   * UserError `no-notebooks` or `gone`, else as KubeClient does.
   */
  async form(
    place: NotebookPlace,
    like: string,
    editor: NotebookEditorPorts,
    signal: AbortSignal,
    kept?: { readonly form: NotebookForm; readonly making: string },
  ): Promise<NotebookFormHost> {
    const { context, namespace } = place;
    const client = this.#o.cluster(context).connection.client;
    const facts = await readFacts(client, namespace, signal);
    const open = (name: string, over: AbortSignal) =>
      openedForm(facts, this.#o.cluster(context).connection.client, namespace, name, over);
    // What the page held has all that was taken over: it comes back when that notebook is gone, too.
    const isGone = kept !== undefined && !facts.notebooks.includes(like);
    const first = isGone ? "" : like;
    const opened = await open(first, signal);
    const site = () => ({ ...this.#o, context, client: this.#o.cluster(context).connection.client });
    const ports: NotebookFormPorts = {
      ...editor,
      opened: (name) => open(name, AbortSignal.timeout(LOOK_MS)),
      check: (plan, report, over, anew) => this.#check(place, plan, report, over, anew),
      make: ({ manifests, wish }) =>
        editor.making(wish.name, (over, tell) => makeNotebook(site(), manifests, tell, over)),
      madeOf: (tried) => madeOf(site(), tried, AbortSignal.timeout(LOOK_MS)),
      remove: async (made) => {
        for (const one of made) await deleteObject(site().client, one);
      },
      newMaking: () => randomBytes(6).toString("hex"),
    };
    return new NotebookFormHost(place, facts, opened, first, ports, this.#o.clock, kept);
  }

  /** What is known of it before it is made; see checks.ts. */
  async #check(
    { context, namespace }: NotebookPlace,
    { wish, manifests }: NotebookPlan,
    report: (finding: NotebookFound) => void,
    signal: AbortSignal,
    anew: boolean,
  ): Promise<void> {
    const { connection, rights } = this.#o.cluster(context);
    const { gpuPool } = this.#o;
    await checkNotebook(
      {
        ...{ client: connection.client, context, wish, manifests, rooms: this.#rooms, anew, signal },
        may: (right) => rights.in(namespace).ask(right, signal),
        ...(gpuPool !== undefined && { gpuPool: () => gpuPool(context) }),
      },
      report,
    );
  }
}
