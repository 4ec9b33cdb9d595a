import assert from "node:assert/strict";
import { groupsDefined, hashOf, keyOf, parseManifests, phaseOf, refOf } from "./objects.ts";

const of = (apiVersion: string, kind: string): string => phaseOf({ apiVersion, kind }, new Set(["own.dev"]));

describe("the objects of a release", () => {
  it("puts each kind into its phase, and custom resources of others before the controllers that may need them", () => {
    assert.equal(of("v1", "Namespace"), "namespaces");
    assert.equal(of("apiextensions.k8s.io/v1", "CustomResourceDefinition"), "definitions");
    assert.equal(of("v1", "Secret"), "rights");
    assert.equal(of("cert-manager.io/v1", "Certificate"), "rights");
    assert.equal(of("apps/v1", "Deployment"), "controllers");
    assert.equal(of("admissionregistration.k8s.io/v1", "ValidatingWebhookConfiguration"), "webhooks");
    assert.equal(of("own.dev/v1", "Deployment"), "resources");
    assert.equal(of("jobset.x-k8s.io/v1alpha2", "JobSet"), "rights");
  });

  it("reads several documents and lists, and refuses what is no object or has an odd name", async () => {
    const yaml =
      "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n---\n---\nkind: List\napiVersion: v1\nitems:\n- {apiVersion: v1, kind: Secret, metadata: {name: b, namespace: x}}\n";
    const found = await parseManifests(yaml, "X");
    assert.deepEqual(
      found.map((object) => keyOf(refOf(object))),
      ["|Secret||a", "|Secret|x|b"],
    );
    await assert.rejects(parseManifests("a: b", "X"), { code: "manifest" });
    await assert.rejects(parseManifests("a: [", "X"), { code: "manifest" });
    await assert.rejects(parseManifests("apiVersion: v1\nkind: Secret\nmetadata: {name: ../a}", "X"), {
      code: "invalid-name",
    });
  });

  it("has one hash for one content, whatever the order", async () => {
    const [a, b, c] = await parseManifests(
      "apiVersion: v1\nkind: Secret\nmetadata: {name: a}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: b}\n---\napiVersion: v1\nkind: Secret\nmetadata: {name: c}",
      "X",
    );
    assert.ok(a !== undefined && b !== undefined && c !== undefined);
    assert.equal(hashOf([a, b]), hashOf([b, a]));
    assert.notEqual(hashOf([a, b]), hashOf([a, c]));
    const definition = { ...a, kind: "CustomResourceDefinition", spec: { group: "own.dev" } };
    assert.deepEqual([...groupsDefined([a, definition])], ["own.dev"]);
  });
});
