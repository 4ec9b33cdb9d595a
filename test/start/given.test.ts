import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { stringify } from "yaml";
import { givenCluster } from "./given.ts";

describe("start: a cluster that is named", () => {
  let folder: string;
  let file: string;

  before(() => {
    folder = fs.mkdtempSync(path.join(os.tmpdir(), "trainyard-given-"));
    file = path.join(folder, "config");
    const contexts = [
      { name: "lab", context: { cluster: "a", user: "me" } },
      { name: "gpu", context: { cluster: "a", user: "me", namespace: "vision" } },
    ];
    const clusters = [{ name: "a", cluster: { server: "https://127.0.0.1:1" } }];
    const users = [{ name: "me", user: { token: "secret" } }];
    const config = { apiVersion: "v1", kind: "Config", "current-context": "lab", contexts, clusters, users };
    fs.writeFileSync(file, stringify(config));
  });

  after(() => fs.rmSync(folder, { recursive: true, force: true }));

  it("uses the file as it is for its current context", async () => {
    assert.deepEqual(await givenCluster(file, undefined, folder), {
      context: "lab",
      namespace: "default",
      file,
      kubeconfig: file,
    });
  });

  it("makes another context the current one without a copy of what is secret", async () => {
    const { context, namespace, kubeconfig } = await givenCluster(file, "gpu", folder);
    assert.deepEqual([context, namespace], ["gpu", "vision"]);
    const [first = "", second] = kubeconfig.split(path.delimiter);
    assert.equal(second, file);
    assert.doesNotMatch(fs.readFileSync(first, "utf8"), /secret/);
  });

  it("names the contexts that there are", async () => {
    await assert.rejects(givenCluster(file, "gone", folder), /has no context «gone»\. It has lab, gpu\./);
  });
});
