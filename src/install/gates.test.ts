import assert from "node:assert/strict";
import { KubeClient } from "../kube/client.ts";
import { FakeTransport, json, refusal } from "../kube/testing/fakeTransport.ts";
import { ManualClock, until } from "../kube/testing/manualClock.ts";
import { type Gate, gatesOf, hooksFor, waitFor } from "./gates.ts";
import { Kinds } from "./kinds.ts";

const NEVER = new AbortController().signal;
const BUNDLE = Buffer.from("-----BEGIN CERTIFICATE-----\n").toString("base64");
const GROUPS: Readonly<Record<string, object>> = {
  "/apis/apps/v1": { resources: [{ name: "deployments", kind: "Deployment", namespaced: true }] },
  "/apis/admissionregistration.k8s.io/v1": {
    resources: [{ name: "validatingwebhookconfigurations", kind: "ValidatingWebhookConfiguration", namespaced: false }],
  },
  "/apis/x.dev": { versions: [{ groupVersion: "x.dev/v1" }] },
  "/apis/x.dev/v1": { resources: [{ name: "things", kind: "Thing", namespaced: true }] },
};
const DEPLOYMENT = { apiVersion: "apps/v1", kind: "Deployment", namespace: "a", name: "d" };
const HOOKS = {
  apiVersion: "admissionregistration.k8s.io/v1",
  kind: "ValidatingWebhookConfiguration",
  namespace: "",
  name: "h",
};

/** A cluster that has these things at these paths. */
function rig(has: Readonly<Record<string, unknown>>) {
  const clock = new ManualClock();
  const transport = new FakeTransport(({ path }) => {
    const found = has[path] ?? GROUPS[path];
    return found === undefined ? refusal(404, "NotFound", `no ${path}`) : json(found);
  });
  const client = new KubeClient(transport, clock);
  const tools = { client, clock, kinds: new Kinds(client) };
  const why = async (ref: typeof DEPLOYMENT): Promise<string | undefined> => gatesOf(tools, [ref])[0]?.check(NEVER);
  return { tools, clock, why };
}

const deployment = (status: object): object => ({
  metadata: { name: "d", generation: 2 },
  spec: { replicas: 1, selector: { matchLabels: { app: "d" } } },
  status,
});
const hooks = (caBundle: string): object => ({
  metadata: { name: "h" },
  webhooks: [
    {
      clientConfig: { caBundle, service: { namespace: "a", name: "s" } },
      rules: [{ apiGroups: ["x.dev"], resources: ["things"] }],
    },
  ],
});

describe("gates of a component", () => {
  it("lets a Deployment pass only as the newest generation, and names why its pods are not there", async () => {
    const at = "/apis/apps/v1/namespaces/a/deployments/d";
    const ready = { observedGeneration: 2, availableReplicas: 1, updatedReplicas: 1 };
    assert.equal(await rig({ [at]: deployment(ready) }).why(DEPLOYMENT), undefined);
    const pods = "/api/v1/namespaces/a/pods";
    const old = rig({ [at]: deployment({ ...ready, observedGeneration: 1 }), [pods]: { items: [] } });
    assert.match((await old.why(DEPLOYMENT)) ?? "", /1 of 1 ready/);
    const waiting = { state: { waiting: { reason: "ImagePullBackOff", message: 'Back-off pulling image "none"' } } };
    const pod = {
      metadata: { name: "p", namespace: "a", uid: "u" },
      spec: { nodeName: "n", containers: [{ name: "c", image: "none" }] },
      status: { phase: "Pending", containerStatuses: [{ name: "c", ...waiting }] },
    };
    const pulling = rig({ [at]: deployment({}), [pods]: { items: [pod] } });
    assert.match((await pulling.why(DEPLOYMENT)) ?? "", /0 of 1 ready · pod p: waiting, .*image/i);
    const message = 'pods "d-1" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1';
    const refused = rig({ [at]: deployment({ conditions: [{ type: "ReplicaFailure", status: "True", message }] }) });
    assert.match((await refused.why(DEPLOYMENT)) ?? "", /quota q/);
  });

  it("lets webhooks pass with an authority and somebody who answers, and asks only those about an object", async () => {
    const at = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations/h";
    const slices = "/apis/discovery.k8s.io/v1/namespaces/a/endpointslices";
    const slice = (ready: boolean): object => ({ items: [{ endpoints: [{ conditions: { ready } }] }] });
    assert.match((await rig({ [at]: hooks("Cg==") }).why(HOOKS)) ?? "", /authority is not filled in/);
    assert.match((await rig({ [at]: hooks(BUNDLE), [slices]: slice(false) }).why(HOOKS)) ?? "", /Service s in a/);
    const { why, tools } = rig({ [at]: hooks(BUNDLE), [slices]: slice(true) });
    assert.equal(await why(HOOKS), undefined);
    const thing = { apiVersion: "x.dev/v1", kind: "Thing", namespace: "a", name: "t" };
    assert.deepEqual(await hooksFor(tools, [HOOKS, DEPLOYMENT], thing, NEVER), [HOOKS]);
    assert.deepEqual(await hooksFor(tools, [HOOKS], DEPLOYMENT, NEVER), []);
  });

  it("takes a definition for established once its kind is served", async () => {
    const definition = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", namespace: "" };
    const { why } = rig({});
    assert.equal(await why({ ...definition, name: "things.x.dev" }), undefined);
    assert.match((await why({ ...definition, name: "others.x.dev" })) ?? "", /does not serve it yet/);
  });

  it("asks only what does not hold yet, and ends with the reason when the time is over", async () => {
    const clock = new ManualClock();
    const asked = { quick: 0, slow: 0 };
    const gates: Gate[] = [
      { what: "quick", check: () => Promise.resolve(asked.quick++ === 0 ? "soon" : undefined) },
      { what: "slow", check: () => Promise.resolve((asked.slow++, "its image is missing")) },
    ];
    const said: string[] = [];
    const options = { what: "X", withinMs: 10_000, onWait: (why: string) => said.push(why), signal: NEVER };
    const waiting = assert.rejects(waitFor({ clock }, gates, options), {
      code: "not-ready",
      message: /X is not ready after 10 s\. slow: its image is missing\./,
    });
    await until("the first wait", () => said.length === 1);
    await clock.advance(20_000);
    await waiting;
    assert.equal(said[0], "quick: soon · 1 more");
    assert.equal(asked.quick, 2);
    assert.ok(asked.slow < 12, `${asked.slow} times in 20 s`);
  });
});
