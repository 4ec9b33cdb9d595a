import assert from "node:assert/strict";
import { KubeClient } from "../kube/client.ts";
import type { Connection } from "../kube/connection.ts";
import { FakeTransport, json } from "../kube/testing/fakeTransport.ts";
import { type Notebook, projectNotebook } from "../kubeflow/kinds/notebook.ts";
import { NotebookForwards } from "./notebookForwards.ts";

const NEVER = new AbortController().signal;
const NOTEBOOK: Notebook = {
  ...projectNotebook({ metadata: { name: "lab", namespace: "team-a", uid: "u" } }),
  token: { secret: "token", key: "key" },
};

describe("forwards to notebooks", () => {
  let token: string;
  let reads: number;
  let forwards: NotebookForwards;

  beforeEach(() => {
    [token, reads] = ["a", 0];
    const kept = new Map<string, unknown>();
    const set = (key: string, value: unknown): Promise<void> => Promise.resolve(void kept.set(key, value));
    forwards = new NotebookForwards({ get: (key) => kept.get(key), set });
  });
  afterEach(() => forwards.dispose());

  function connection(server: string): Connection {
    const transport = new FakeTransport(() => {
      reads++;
      return json({ metadata: { name: "token" }, data: { key: Buffer.from(token).toString("base64") } });
    });
    const context = { name: "dev", server } as Connection["context"];
    const made: Pick<Connection, "client" | "context"> = { client: new KubeClient(transport), context };
    return made as Connection;
  }

  it("outlive the entry of a kubeconfig where the new one leads to the same server, and end elsewhere", async () => {
    const first = await forwards.get(connection("a"), NOTEBOOK, NEVER);
    const { secret, port } = first;
    forwards.replaced("other", () => assert.fail("another context's"));
    forwards.replaced("dev", () => connection("a"));
    const [again, same] = await Promise.all([
      forwards.get(connection("a"), NOTEBOOK, NEVER),
      forwards.get(connection("a"), { ...NOTEBOOK, rewrite: "/" }, NEVER),
    ]);
    assert.deepEqual([again.secret, again.port, same], [secret, port, first]);
    assert.equal(reads, 1);
    for (const now of [connection("b"), undefined]) {
      const before = await forwards.get(connection("a"), NOTEBOOK, NEVER);
      forwards.replaced("dev", () => now);
      assert.notEqual((await forwards.get(connection("a"), NOTEBOOK, NEVER)).secret, before.secret);
    }
  });

  it("that two ask for at once are one, whoever gives up; a token is read anew where it is asked for", async () => {
    const over = new AbortController();
    const plain = { ...NOTEBOOK, token: "t" };
    const first = forwards.get(connection("a"), plain, over.signal).catch(() => "given up");
    const second = forwards.get(connection("a"), plain, NEVER);
    over.abort();
    assert.equal(await first, "given up");
    assert.ok((await second).port > 0);
    await forwards.get(connection("a"), NOTEBOOK, NEVER);
    assert.equal(await forwards.renew("u", NEVER), false);
    token = "b";
    assert.deepEqual([await forwards.renew("u", NEVER), reads], [true, 3]);
    assert.equal(await forwards.renew("unknown", NEVER), false);
  });
});
