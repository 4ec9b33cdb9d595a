import assert from "node:assert/strict";
import { KubeClient } from "../kube/client.ts";
import { FakeTransport, type FakeReply, type FakeRequest, json, refusal } from "../kube/testing/fakeTransport.ts";
import { ManualClock, until } from "../kube/testing/manualClock.ts";
import { applyObject } from "./apply.ts";
import { Kinds } from "./kinds.ts";

const SERVED = { resources: [{ name: "deployments", kind: "Deployment", namespaced: true }] };
const OBJECT = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "a", namespace: "b" } };
const CONFLICT = refusalWith([
  { reason: "FieldManagerConflict", message: 'conflict with "helm" using apps/v1', field: ".spec.replicas" },
]);

function refusalWith(causes: readonly object[]): () => FakeReply {
  return () => refusal(409, "Conflict", "Apply failed with 1 conflict", { causes });
}

function rig(patch: (request: FakeRequest, patches: number) => FakeReply, get: () => FakeReply = () => json({})) {
  let patches = 0;
  const transport = new FakeTransport((request) => {
    if (request.path === "/apis/apps/v1") return json(SERVED);
    return request.raw.method === "PATCH" ? patch(request, patches++) : get();
  });
  const clock = new ManualClock();
  const client = new KubeClient(transport, clock);
  const waits: string[] = [];
  const signal = new AbortController().signal;
  const apply = (adopt = false): Promise<void> =>
    applyObject({ client, clock, kinds: new Kinds(client) }, OBJECT, {
      adopt,
      onWait: (why) => waits.push(why),
      signal,
    });
  const forces = (): (string | undefined)[] =>
    transport.requests.filter(({ raw }) => raw.method === "PATCH").map(({ query }) => query["force"]);
  return { apply, clock, waits, forces };
}

describe("applying one object", () => {
  it("does not force, as our own field manager", async () => {
    const { apply, forces } = rig((request) => {
      assert.equal(request.query["fieldManager"], "trainyard");
      assert.equal(request.path, "/apis/apps/v1/namespaces/b/deployments/a");
      return json({});
    });
    await apply();
    assert.deepEqual(forces(), [undefined]);
  });

  it("names another manager and the field that it holds, and takes it over only when asked", async () => {
    const refusing = rig(CONFLICT);
    await assert.rejects(refusing.apply(), {
      code: "conflict",
      message: /Deployment a in b was not changed: «helm» manages \.spec\.replicas/,
    });
    assert.deepEqual(refusing.forces(), [undefined]);
    const adopting = rig(() => json({}));
    await adopting.apply(true);
    assert.deepEqual(adopting.forces(), ["true"]);
  });

  it("forces fields that are ours as well", async () => {
    const fieldsV1 = { "f:spec": { "f:replicas": {} } };
    const managedFields = [{ manager: "trainyard", operation: "Apply", fieldsV1 }];
    const { apply, forces } = rig(
      (_, at) => (at === 0 ? CONFLICT() : json({})),
      () => json({ metadata: { managedFields } }),
    );
    await apply();
    assert.deepEqual(forces(), [undefined, "true"]);
  });

  it("waits as long as the server asks, and for a webhook that does not answer yet, saying so", async () => {
    const replies = [
      refusal(429, "TooManyRequests", "slow down", { retryAfterSeconds: 3 }),
      refusal(500, "InternalError", 'Internal error occurred: failed calling webhook "v.x.dev": connection refused'),
      json({}),
    ];
    const { apply, clock, waits } = rig((_, at) => replies[at] ?? json({}));
    const applied = apply();
    await until("the first wait", () => waits.length === 1);
    await clock.advance(2_900);
    assert.equal(waits.length, 1);
    await clock.advance(200);
    await until("the second wait", () => waits.length === 2);
    await clock.advance(1_000);
    await applied;
    assert.match(waits.join("; "), /asks for patience; .*the webhook v\.x\.dev does not answer yet; $/);
  });

  it("gives up after two minutes with the reason", async () => {
    const { apply, clock } = rig(() => refusal(503, "ServiceUnavailable", "not now"));
    const applied = assert.rejects(apply(), { code: "no-answer", message: /within 2 min: the server said: not now/ });
    for (let at = 0; at < 30; at++) await clock.advance(8_000);
    await applied;
  });

  for (const [code, reply] of [
    [
      "quota",
      refusal(
        403,
        "Forbidden",
        'x "a" is forbidden: exceeded quota: q, requested: pods=1, used: pods=1, limited: pods=1',
      ),
    ],
    ["not-allowed", refusal(403, "Forbidden", 'User "me" cannot patch resource "deployments"')],
    ["terminating", refusal(403, "Forbidden", "being terminated", { causes: [{ reason: "NamespaceTerminating" }] })],
    ["immutable", refusal(422, "Invalid", "spec.selector: Invalid value: field is immutable")],
    ["refused", refusal(403, "Forbidden", 'admission webhook "p.dev" denied the request: no')],
  ] as const) {
    it(`does not try again what is refused: ${code}`, async () => {
      const { apply, forces } = rig(() => reply);
      await assert.rejects(apply(), { code });
      assert.equal(forces().length, 1);
    });
  }
});
