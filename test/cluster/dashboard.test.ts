import assert from "node:assert/strict";
import { once } from "node:events";
import http from "node:http";
import { silentLogger } from "../../src/core/log.ts";
import type { SecretStore } from "../../src/core/storage.ts";
import { Dashboards, type OpenedDashboard } from "../../src/install/dashboard/dashboards.ts";
import { isApiError } from "../../src/kube/errors.ts";
import type { KubeObject } from "../../src/kube/objects.ts";
import { POD } from "../../src/kubeflow/kinds/resources.ts";
import { until } from "../editor/until.ts";
import { ACCOUNT, gatewayObjects } from "./gatewayFixtures.ts";
import { Cleanup, kubeconfigOf, NAMESPACE, openRig, type Rig, SERVICE_ACCOUNT } from "./support.ts";

const SPACE = "istio-system";
const NAME = "istio-ingressgateway";
const NEVER = new AbortController().signal;

describe("the dashboard of a platform, behind a stand-in gateway", function () {
  this.timeout(120_000);
  const cleanup = new Cleanup();
  const kept = new Map<string, string>();
  const secrets: SecretStore = {
    get: (key) => Promise.resolve(kept.get(key)),
    set: (key, value) => Promise.resolve(void kept.set(key, value)),
    delete: (key) => Promise.resolve(void kept.delete(key)),
  };
  let rig: Rig;
  let dashboards: Dashboards;

  before(async () => {
    rig = await openRig(cleanup, kubeconfigOf("admin"));
    dashboards = new Dashboards(secrets, silentLogger);
    cleanup.add(() => dashboards.dispose());
    await assert.rejects(open(), { code: "no-dashboard" }, "a cluster without one");
    const { client } = rig;
    const made = await client.create<KubeObject>(NAMESPACE, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: SPACE },
    });
    cleanup.add(() => client.delete(NAMESPACE, SPACE, undefined, made.metadata.uid ?? ""));
    await until(
      "the namespace's account",
      () => client.find(SERVICE_ACCOUNT, "default", SPACE),
      (account) => account !== undefined,
    );
    for (const [kind, object] of gatewayObjects(NAME, SPACE)) await client.create(kind, object);
    await until("a ready pod", opens, (said) => said === "");
  });
  after(() => cleanup.run());
  beforeEach(() => kept.clear());

  const open = (at = rig): Promise<OpenedDashboard> => dashboards.open(at.engine.cluster(at.context).connection, NEVER);
  /** Why it does not open; empty where it does. */
  const opens = (): Promise<string> =>
    open().then(
      () => "",
      (error: unknown) => String(error),
    );

  async function know(password = ACCOUNT.password): Promise<void> {
    const { metadata } = await rig.client.get(NAMESPACE, "kube-system");
    const accounts = [{ ...ACCOUNT, password, hash: "", shown: true }];
    kept.set(`trainyard.kubeflow.${metadata.uid ?? ""}`, JSON.stringify({ accounts }));
  }

  /** As the browser that was sent there; the cookies that it has then. */
  async function enter({
    address,
  }: OpenedDashboard): Promise<{ readonly ask: (path: string) => Promise<Answer>; readonly cookie: string }> {
    const { port, pathname } = new URL(address);
    const { headers } = await request(port, pathname);
    const cookie = (headers["set-cookie"] ?? []).map((line) => line.split(";")[0] ?? "").join("; ");
    assert.equal(headers["refresh"], "0; url=/");
    return { ask: (asked) => request(port, asked, { cookie }), cookie };
  }

  it("opens signed in with the account of the install, and lets in nobody who was not sent there", async () => {
    await know();
    const opened = await open();
    assert.deepEqual([opened.signIn, opened.email], ["signed-in", ACCOUNT.email]);
    const { ask, cookie } = await enter(opened);
    const page = await ask("/");
    assert.match(page.text, /^Stand-in dashboard of istio-ingressgateway-/);
    assert.equal((await ask("/elsewhere")).headers.location, "/there?from=here");
    const { port, pathname } = new URL(opened.address);
    const [own = "", session = ""] = cookie.split("; ");
    assert.equal((await request(port, "/", { cookie: session })).status, 403, "a session is no entry");
    assert.match((await request(port, "/", { cookie: own })).text, /^Sign in with Dex/, "nor an entry a session");
    assert.equal((await request(port, pathname)).status, 403, "the address works once");
    assert.doesNotMatch(session, /^oauth2/, "no other forward's target is sent it");
  });

  it("finds the pod that has taken the place of one that was restarted", async () => {
    await know();
    const { ask } = await enter(await open());
    const [, first = ""] = /of (\S+)/.exec((await ask("/")).text) ?? [];
    const pod = await rig.client.get(POD, first, SPACE);
    await rig.client.delete(POD, first, SPACE, pod.metadata.uid ?? "");
    const page = await until(
      "the next pod",
      () => ask("/"),
      ({ status, text }) => status === 200 && !text.includes(first),
      60_000,
    );
    assert.match(page.text, /^Stand-in dashboard of istio-ingressgateway-/);
  });

  it("says that a password is not taken, and shows the page that asks for it", async () => {
    await know("changed since");
    const opened = await open();
    assert.equal(opened.signIn, "refused");
    const { ask } = await enter(opened);
    const { status, text } = await ask("/");
    assert.deepEqual([status, text], [403, "Sign in with Dex"]);
  });

  it("opens without an account as well, and forgets accounts with the way there", async () => {
    const opened = await open();
    assert.deepEqual([opened.signIn, opened.email], [undefined, ""]);
    assert.equal((await (await enter(opened)).ask("/")).text, "Sign in with Dex");
    await know();
    assert.deepEqual(
      (await dashboards.accounts(rig.client, NEVER)).map(({ email }) => email),
      [ACCOUNT.email],
    );
    await dashboards.forget(rig.engine.cluster(rig.context).connection, NEVER);
    assert.deepEqual(await dashboards.accounts(rig.client, NEVER), []);
    const { port } = new URL(opened.address);
    await until(
      "the forward has ended",
      () => request(port, "/").then(() => "", String),
      (refused) => refused !== "",
    );
  });

  it("who may not reach it is told so", async () => {
    const reader = await openRig(cleanup, kubeconfigOf("reader"));
    await assert.rejects(
      open(reader),
      (error: unknown) => !isApiError(error) && /You may|The cluster says/.test(String(error)),
    );
  });
});

interface Answer {
  readonly status: number;
  readonly headers: http.IncomingHttpHeaders;
  readonly text: string;
}

async function request(port: string, asked: string, headers: http.OutgoingHttpHeaders = {}): Promise<Answer> {
  const sent = http.get({ host: "127.0.0.1", port, path: asked, headers, agent: false });
  const [response] = (await once(sent, "response")) as [http.IncomingMessage];
  let text = "";
  for await (const chunk of response as AsyncIterable<Buffer>) text += chunk.toString();
  return { status: response.statusCode ?? 0, headers: response.headers, text };
}
