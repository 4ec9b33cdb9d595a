import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { isCancelled } from "../core/errors.ts";
import type { KubeResponse } from "./transport.ts";
import { kubeResponse } from "./wire.ts";
import { textOf } from "./testing/testServers.ts";

function responseOf(source: PassThrough, isWhole = true): KubeResponse {
  return kubeResponse({
    status: 200,
    headers: {},
    source,
    isWhole: () => isWhole,
    abandon: () => source.destroy(),
    probed: false,
    signal: undefined,
    explain: (error) => (error instanceof Error ? error : new Error(String(error))),
  });
}

describe("a response's body", () => {
  it("is whole where all of it had come, and the exchange was over, before anybody read", async () => {
    const source = new PassThrough();
    source.end("all of it");
    // As an HTTP/2 stream says once both sides have ended it, also with everything still to be read.
    Object.defineProperty(source, "closed", { get: () => true });
    assert.equal(await textOf(responseOf(source)), "all of it");
  });

  it("fails where the stream went away before its end, whatever had come", async () => {
    const source = new PassThrough();
    source.write("half");
    const response = responseOf(source, false);
    const body = response.body[Symbol.asyncIterator]();
    const first = await body.next();
    assert.equal(first.done === true ? "" : first.value.toString(), "half");
    const next = body.next();
    source.destroy();
    await assert.rejects(next, { code: "ECONNRESET" });
  });

  it("ends as cancelled where it was, though all of it had come", async () => {
    const source = new PassThrough();
    source.end("all of it");
    const response = responseOf(source);
    response.cancel();
    await assert.rejects(textOf(response), isCancelled);
  });
});
