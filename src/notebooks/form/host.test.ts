import assert from "node:assert/strict";
import type { FromNotebookForm, NotebookForm, ToNotebookForm } from "../../contract/notebookForm.ts";
import { CancelledError, errorText } from "../../core/errors.ts";
import { ManualClock } from "../../kube/testing/manualClock.ts";
import { NOTEBOOK } from "../../kubeflow/kinds/notebook.ts";
import { CLAIM } from "../../kubeflow/kinds/resources.ts";
import type { MadeObject } from "./create.ts";
import type { NotebookFacts } from "./facts.ts";
import { firstForm } from "./form.ts";
import { type NotebookFormPorts, NotebookFormHost } from "./host.ts";
import { shippedSpawner } from "./spawner.ts";

const SPAWNER = shippedSpawner();
const { images } = SPAWNER;
const FORM: NotebookForm = { ...firstForm(SPAWNER, ""), name: "lab" };
const FACTS: NotebookFacts = {
  ...{ resource: NOTEBOOK, spawner: SPAWNER, account: "", accounts: [], notebooks: [], claims: [], classes: [] },
  configurations: [],
};

type Kept = ConstructorParameters<typeof NotebookFormHost>[6];

/** The claims that were tried, as if each had been made. */
const claimsOf: NotebookFormPorts["madeOf"] = (tried) =>
  Promise.resolve(
    tried.flatMap(
      ([
        resource,
        {
          metadata: { name },
        },
      ]): MadeObject[] => (resource === CLAIM ? [{ resource, namespace: "alice", name, uid: name }] : []),
    ),
  );

/** A page that only listens, and a cluster that says what a test tells it to. */
class Bench {
  readonly heard: ToNotebookForm[] = [];
  readonly clock = new ManualClock();
  readonly errors: string[] = [];
  /** Makings that are kept for a reload, and what was removed. */
  readonly kept: string[] = [];
  readonly removed: string[] = [];
  readonly host: NotebookFormHost;
  #seq = 0;

  constructor(change: Partial<NotebookFormPorts> = {}, facts: Partial<NotebookFacts> = {}, kept?: Kept) {
    let makings = 0;
    const done = (): Promise<void> => Promise.resolve();
    const opened = { spawner: SPAWNER, form: FORM, left: [] };
    const ports: NotebookFormPorts = {
      opened: () => Promise.resolve(opened),
      ...{ check: done, made: done, open: done, press: done },
      make: () => Promise.reject(new Error("no cluster")),
      madeOf: () => Promise.resolve([]),
      remove: (made) => {
        this.removed.push(...made.map(({ name }) => name));
        return done();
      },
      keep: (_form, _like, making) => this.kept.push(making),
      onError: (error) => this.errors.push(errorText(error)),
      newMaking: () => `making-${++makings}`,
      ...change,
    };
    const place = { context: "team-a", namespace: "alice" };
    this.host = new NotebookFormHost(place, { ...FACTS, ...facts }, opened, "", ports, this.clock, kept);
    this.host.start((message) => this.heard.push(message));
    this.say({ type: "ready" });
  }

  say(message: FromNotebookForm): void {
    void this.host.receive(message);
  }

  /** Edits the form, and lets what comes of it be said. */
  async write(change: Partial<NotebookForm>): Promise<void> {
    this.say({ type: "change", seq: ++this.#seq, form: { ...this.form, ...change } });
    await this.clock.advance(2_000);
  }

  get form(): NotebookForm {
    return this.last("init")?.form ?? FORM;
  }

  last<Type extends ToNotebookForm["type"]>(type: Type): Extract<ToNotebookForm, { type: Type }> | undefined {
    return this.heard.findLast((one): one is Extract<ToNotebookForm, { type: Type }> => one.type === type);
  }

  /** Presses a button, and lets what comes of it be said. */
  async press(message: FromNotebookForm): Promise<void> {
    await this.host.receive(message);
  }

  get said(): readonly string[] {
    const all = this.last("findings")?.findings ?? [];
    return all.map(({ level, text, next }) => `${level}: ${text}${next === "" ? "" : ` [${next}]`}`);
  }
}

describe("the page of a new notebook, as its host has it", () => {
  it("takes the image of the server that is chosen, but leaves a person's own", async () => {
    const bench = new Bench();
    await bench.write({ server: "group-one" });
    assert.equal(bench.form.image, images["group-one"].value);
    assert.deepEqual(bench.said, []);
    await bench.write({ server: "group-two" });
    assert.equal(bench.form.image, images["group-two"].value);
    const own = { image: "mine:1", server: "jupyter" } as const;
    await bench.write(own);
    assert.equal(bench.form.image, images["group-two"].value, "no form was sent back");
    assert.deepEqual(bench.said, []);
  });

  it("warns of an image that is offered for another kind of server", async () => {
    const bench = new Bench();
    await bench.write({ image: images["group-two"].value });
    assert.deepEqual(bench.said, [
      "warning: The image is one that is offered for RStudio: JupyterLab may not be in it.",
    ]);
  });

  it("offers what an earlier try has made to be removed, also after the form was changed", async () => {
    const bench = new Bench({ madeOf: claimsOf });
    await bench.write({});
    await bench.press({ type: "run" });
    const there = "PersistentVolumeClaim lab-workspace is there";
    assert.deepEqual(bench.said, [`problem: no cluster ${there}: another try goes on with it. [Remove What Was Made]`]);
    assert.deepEqual(bench.errors, [`no cluster ${there}: another try goes on with it.`]);
    await bench.write({ name: "other" });
    assert.deepEqual(bench.said, [`warning: ${there}, of an earlier try. [Remove What Was Made]`]);
    await bench.press({ type: "next", finding: 0 });
    assert.deepEqual(
      [bench.removed, bench.said],
      [["lab-workspace"], ["ok: PersistentVolumeClaim lab-workspace went."]],
    );
  });

  it("says after all is made what an earlier try has left, and keeps the next press for a reload", async () => {
    let tries = 0;
    const notebook = { resource: NOTEBOOK, namespace: "alice", name: "other", uid: "1" };
    const make = () => (++tries === 1 ? Promise.reject(new Error("no cluster")) : Promise.resolve(notebook));
    const bench = new Bench({ madeOf: claimsOf, make });
    await bench.press({ type: "run" });
    await bench.write({ name: "other" });
    assert.equal(bench.kept.at(-1), "making-1");
    await bench.press({ type: "run" });
    assert.match(bench.said.join(), /^ok: other was made\..* PersistentVolumeClaim lab-workspace is there/);
    assert.equal(bench.kept.at(-1), "making-2");
  });

  it("knows after a reload the claims that it had made", async () => {
    const metadata = { name: "old", namespace: "alice", annotations: { "trainyard/notebook-making": "before" } };
    const bench = new Bench({ madeOf: claimsOf }, { claims: [{ metadata }] }, { form: FORM, making: "before" });
    await bench.write({});
    assert.match(bench.said.join(), /PersistentVolumeClaim old is there, of an earlier try/);
  });

  it("tells a page that is drawn anew meanwhile that it is being made", async () => {
    let end = (): void => undefined;
    const made = { resource: NOTEBOOK, namespace: "alice", name: "lab", uid: "1" };
    const make = () => new Promise<MadeObject>((resolve) => (end = () => resolve(made)));
    const bench = new Bench({ make });
    const making = bench.press({ type: "run" });
    bench.heard.length = 0;
    bench.say({ type: "ready" });
    assert.equal(bench.last("busy")?.busy, true);
    end();
    await making;
    assert.equal(bench.last("busy")?.busy, false);
  });

  it("tells who has closed the page and cancelled what is left", async () => {
    const bench = new Bench({ madeOf: claimsOf, make: () => Promise.reject(new CancelledError()) });
    await bench.press({ type: "run" });
    assert.deepEqual(bench.errors, []);
    bench.host.dispose();
    await bench.press({ type: "run" });
    assert.match(
      bench.errors.join(),
      /^The notebook was not created\. You have cancelled it\. .*lab-workspace is there/,
    );
  });
});
