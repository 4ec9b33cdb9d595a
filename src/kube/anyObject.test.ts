import assert from "node:assert/strict";
import { UserError } from "../core/errors.ts";
import { deleteObject } from "./anyObject.ts";
import { KubeClient } from "./client.ts";
import { ApiError } from "./errors.ts";
import { type FakeReply, FakeTransport, json, refusal } from "./testing/fakeTransport.ts";

const resource = { group: "", version: "v1", plural: "pods", kind: "Pod", namespaced: true };

describe("deleting one object", () => {
  const remove = (deleted: FakeReply, found: FakeReply = json({}), uid = "u1"): Promise<void> => {
    const client = new KubeClient(new FakeTransport(({ raw }) => (raw.method === "DELETE" ? deleted : found)));
    return deleteObject(client, { resource, namespace: "ml", name: "x", uid });
  };
  const conflict = (): FakeReply => refusal(409, "Conflict", "the UID in the precondition does not match");

  it("that is gone is as good as done", async () => {
    await remove(refusal(404, "NotFound", "gone"));
    await remove(conflict(), refusal(404, "NotFound", "gone"));
  });

  it("says that another has its name by now, and passes on any other conflict", async () => {
    await assert.rejects(
      remove(conflict(), json({ metadata: { name: "x", uid: "u2" } })),
      (error) => error instanceof UserError && error.code === "replaced" && /made anew meanwhile/.test(error.message),
    );
    await assert.rejects(
      remove(conflict(), json({ metadata: { name: "x", uid: "u1" } })),
      (error) => error instanceof ApiError && error.reason === "Conflict",
    );
  });

  it("never asks without saying which one", async () => {
    const transport = new FakeTransport(() => json({}));
    const at = { resource, namespace: "ml", name: "x", uid: "" };
    await assert.rejects(deleteObject(new KubeClient(transport), at), /No uid says which Pod x/);
    assert.equal(transport.requests.length, 0);
  });
});
