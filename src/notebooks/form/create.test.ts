import assert from "node:assert/strict";
import { CancelledError, errorCode } from "../../core/errors.ts";
import { silentLogger } from "../../core/log.ts";
import { KubeClient } from "../../kube/client.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { type FakeReply, FakeTransport, json, refusal } from "../../kube/testing/fakeTransport.ts";
import { ManualClock } from "../../kube/testing/manualClock.ts";
import { NOTEBOOK } from "../../kubeflow/kinds/notebook.ts";
import { makeNotebook, madeOf, objectsOf } from "./create.ts";
import { firstForm, readNotebookForm } from "./form.ts";
import { buildNotebook, type NotebookManifests } from "./manifest.ts";
import { shippedSpawner } from "./spawner.ts";

const SPAWNER = shippedSpawner();
const FORM = { ...firstForm(SPAWNER, ""), name: "lab", workspaceSize: "1024Mi" };

function built(change: Partial<typeof FORM> = {}): NotebookManifests {
  return buildNotebook(readNotebookForm({ ...FORM, ...change }, SPAWNER, "alice").choice, NOTEBOOK, "making");
}

/** Keeps what is made, with sizes in the server's words. */
class Shelf {
  readonly objects = new Map<string, KubeObject>();
  readonly transport = new FakeTransport(({ raw, path }) => this.#answer(raw.method, path, raw.body));
  hold: Promise<void> | undefined;

  make(manifests: NotebookManifests, signal = new AbortController().signal) {
    const site = { client: new KubeClient(this.transport), context: "c", clock: new ManualClock(), log: silentLogger };
    return makeNotebook(site, manifests, () => undefined, signal);
  }

  left(manifests: NotebookManifests) {
    return madeOf({ client: new KubeClient(this.transport) }, objectsOf(manifests), new AbortController().signal);
  }

  async #answer(method: string, path: string, body: unknown): Promise<FakeReply> {
    await this.hold;
    if (method === "GET") {
      const found = this.objects.get(path);
      return found === undefined ? refusal(404, "NotFound", "not found") : json(found);
    }
    const object = JSON.parse(JSON.stringify(body).replace("1024Mi", "1Gi")) as KubeObject;
    const at = `${path}/${object.metadata.name}`;
    if (this.objects.has(at)) return refusal(409, "AlreadyExists", "already exists");
    this.objects.set(at, object);
    return json(object);
  }
}

describe("making a notebook", () => {
  it("goes on with what the same press has made, though the server writes its size otherwise", async () => {
    const shelf = new Shelf();
    await shelf.make(built());
    assert.equal((await shelf.make(built())).name, "lab");
    assert.equal(shelf.objects.size, 2);
  });

  for (const [what, change] of [
    ["a claim of another class", { workspaceClass: "fast" }],
    ["a notebook of another image", { image: "other:1" }],
  ] as const)
    it(`does not take ${what} for what is wished, and tells that it is there`, async () => {
      const shelf = new Shelf();
      await shelf.make(built());
      await assert.rejects(shelf.make(built(change)), (error) => {
        assert.match(String(error), /An earlier try made the .* lab.*, and not as the form now has it/);
        return errorCode(error) === "made-otherwise";
      });
      assert.deepEqual(
        (await shelf.left(built(change))).map(({ resource }) => resource.kind),
        ["Notebook", "PersistentVolumeClaim"],
      );
    });

  it("waits for the answer to what was asked before it ends, where it is cancelled", async () => {
    const shelf = new Shelf();
    const over = new AbortController();
    let answer = (): void => undefined;
    shelf.hold = new Promise((resolve) => (answer = resolve));
    const making = shelf.make(built(), over.signal);
    over.abort();
    answer();
    await assert.rejects(making, CancelledError);
    assert.deepEqual(
      (await shelf.left(built())).map(({ name }) => name),
      ["lab-workspace"],
    );
  });
});
