import assert from "node:assert/strict";
import { CancelledError, UserError } from "../../core/errors.ts";
import type { KubeClient } from "../../kube/client.ts";
import { ApiError } from "../../kube/errors.ts";
import { ManualClock } from "../../kube/testing/manualClock.ts";
import { type Notebook, projectNotebook } from "../../kubeflow/kinds/notebook.ts";
import { reachJupyter, reachPage } from "./reach.ts";

const NEVER = new AbortController().signal;
const NOTEBOOK: Notebook = {
  ...projectNotebook({ metadata: { name: "lab", namespace: "team-a" } }),
  path: "/own/base/",
};
const HOME = "/notebook/team-a/lab/";
const PATH = "/own/base/";

describe("whether a notebook can be used", () => {
  let clock: ManualClock;
  let asked: string[];
  let find: () => Promise<unknown>;

  beforeEach(() => {
    clock = new ManualClock();
    asked = [];
    find = () => Promise.resolve(undefined);
  });

  function reach(work: typeof reachPage, answer: (path: string) => number | Error): Promise<unknown> {
    const ask = (path: string): Promise<{ status: number; text: string }> => {
      asked.push(path);
      const said = answer(path);
      return said instanceof Error ? Promise.reject(said) : Promise.resolve({ status: said, text: "" });
    };
    const client: Pick<KubeClient, "find"> = { find: () => find() as Promise<undefined> };
    const done = work({ forward: { ask }, client: client as KubeClient, notebook: NOTEBOOK, clock }, NEVER);
    return done.catch((error: unknown) => error);
  }

  /** Lets time pass until it is told. */
  async function told(result: Promise<unknown>): Promise<string> {
    let said: unknown;
    void result.then((value) => (said = value ?? "reached"));
    while (said === undefined) await clock.advance(1_000);
    return said instanceof Error ? said.message : "reached";
  }

  it("waits for a server that begins to listen, and for its Jupyter to let a program in", async () => {
    const away = ["port-closed", "not-ready"].map((code) => new UserError(code, "Port 8888 of lab-0 was not reached."));
    const answers = [...away, 503, 200, 200];
    assert.equal(await told(reach(reachJupyter, () => answers.shift() ?? 500)), "reached");
    assert.deepEqual(asked, [...away, 503, 200].map(() => `${PATH}api`).concat(`${PATH}api/status`));
  });

  it("says what is wrong where nothing will come", async () => {
    const closed = new UserError("port-closed", "Port 8888 of lab-0 was not reached.", { why: "Nothing listens." });
    const rows: readonly (readonly [typeof reachPage, (path: string) => number | Error, RegExp])[] = [
      [
        reachPage,
        () => closed,
        /^lab was not opened\. Nothing listens at port 8888 of its pod\. Its image may have no/,
      ],
      [reachPage, () => 404, /^lab was not opened\. Its server answers, and has nothing at \/own\/base\/\.$/],
      [reachPage, () => 500, /^lab was not opened\. Its server cannot be used: it answers with 500\./],
      [reachJupyter, () => 404, /^lab was not connected\. Its server answers, and there is no Jupyter at/],
      [reachJupyter, (path) => (path.endsWith("status") ? 403 : 200), /asks for a token or a password/],
    ];
    for (const [work, answer, words] of rows) assert.match(await told(reach(work, answer)), words);
  });

  it("gives up one that takes the question and never answers", async () => {
    const ask = (_: string, signal: AbortSignal): Promise<never> =>
      new Promise((_, reject) => signal.addEventListener("abort", () => reject(new CancelledError())));
    const client: Pick<KubeClient, "find"> = { find: () => Promise.resolve(undefined) };
    const done = reachPage({ forward: { ask }, client: client as KubeClient, notebook: NOTEBOOK, clock }, NEVER);
    const words = "lab was not opened. Its server cannot be used: it takes connections and does not answer.";
    assert.equal(await told(done.catch((error: unknown) => error)), words);
    assert.equal(clock.monotonic(), 31_000);
  });

  it("names the right that is missing, and offers the gateway where its address is known", async () => {
    const refused = new UserError("no-rights", "Port 8888 of lab-0 was not reached.", {
      why: "The cluster says: no.",
      hint: "An administrator can allow it.",
    });
    const words =
      "lab was not opened. The cluster says: no. It takes the rights to get and create pods/portforward in team-a. " +
      "Kubeflow’s own address has it at /notebook/team-a/lab/.";
    const ingress = (said: object): object => ({ status: { loadBalancer: { ingress: [said] } } });
    const rows: readonly (readonly [() => Promise<unknown>, readonly unknown[]])[] = [
      [() => Promise.reject(new ApiError(403, { reason: "Forbidden" })), []],
      [() => Promise.resolve(ingress({ ip: "bad host/" })), []],
      [() => Promise.resolve(ingress({ hostname: "kf.example" })), [`http://kf.example${HOME}`]],
    ];
    for (const [lookup, args] of rows) {
      find = lookup;
      const error = await reach(reachPage, () => refused);
      assert.ok(error instanceof UserError);
      assert.deepEqual([error.message, error.next.flatMap((step) => step.args ?? [])], [words, args]);
    }
  });
});
