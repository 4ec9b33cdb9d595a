import assert from "node:assert/strict";
import { type Notebook, projectNotebook } from "./notebook.ts";

describe("a Notebook as it is read", () => {
  const object = (annotations: object = {}, spec: object = {}, status?: object): Notebook =>
    projectNotebook({
      metadata: { name: "bob", namespace: "team-a", uid: "u", annotations: { ...annotations } },
      ...{ spec: { template: { spec } }, status },
    });

  it("its container, GPUs, port, times and place", () => {
    const containers = [
      { name: "proxy", image: "sidecar" },
      {
        name: "bob",
        image: "lab:1",
        ports: [{ containerPort: 9999 }],
        resources: { limits: { "nvidia.com/gpu": "2" } },
      },
    ];
    const annotations = {
      "notebooks.kubeflow.org/last-activity": "1970-01-01T00:01:00Z",
      "kubeflow-resource-stopped": "",
    };
    const read = object(
      annotations,
      { containers },
      { readyReplicas: 1, conditions: [{ type: "Ready" }, { reason: "R" }] },
    );
    const { image, gpus, port, lastActivity, stopped, ready, condition, path, server } = read;
    assert.deepEqual(
      { image, gpus, port, lastActivity, stopped, ready, condition, path, server },
      {
        image: "lab:1",
        gpus: 2,
        port: 9999,
        lastActivity: 60_000,
        stopped: true,
        ready: true,
        condition: { reason: "R", message: undefined },
        path: "/notebook/team-a/bob/",
        server: "jupyter",
      },
    );
  });

  it("the volume claims that it mounts, each once", () => {
    const claim = (claimName: unknown): object => ({ persistentVolumeClaim: { claimName } });
    const volumes = [claim("data"), { emptyDir: {} }, claim("home"), claim("data"), claim(5)];
    assert.deepEqual(object({}, { volumes }).claims, ["data", "home"]);
  });

  it("servers whose path is rewritten are asked at their root", () => {
    for (const annotations of [
      { "notebooks.kubeflow.org/server-type": "group-one" },
      { "notebooks.kubeflow.org/server-type": "group-two" },
      { "notebooks.kubeflow.org/http-rewrite-uri": "/" },
    ]) {
      const { path, rewrite } = object(annotations);
      assert.deepEqual([path, rewrite], ["/notebook/team-a/bob/", "/"]);
    }
  });

  it("anything may stand where a number or a text is meant", () => {
    for (const odd of [null, -1, 1e99, "x", [], {}]) {
      const read = object({}, { containers: odd }, { readyReplicas: odd, conditions: odd, containerState: odd });
      assert.equal(read.port, 8888);
      assert.ok([0, 1].includes(Number(read.ready)) && read.gpus === 0);
      const port = object({}, { containers: [{ ports: [{ containerPort: odd }] }] }).port;
      assert.ok(port >= 1 && port <= 65_535);
    }
  });
});
