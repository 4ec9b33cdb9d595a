import assert from "node:assert/strict";
import * as v from "valibot";
import { Notebook, Pod, serviceOf, StatefulSet, statefulSetOf, statusOf } from "./notebookShape.ts";

const NOW = "2026-01-02T03:04:05Z";
const metadata = { name: "lab", namespace: "team-a", uid: "u1", resourceVersion: "7" };

function notebook(more: { metadata?: object; container?: object; podSpec?: object; status?: object } = {}): Notebook {
  const container = { name: "lab", image: "jupyter", ...more.container };
  return v.parse(Notebook, {
    metadata: { ...metadata, ...more.metadata },
    spec: { template: { spec: { ...more.podSpec, containers: [container] } } },
    ...(more.status === undefined ? {} : { status: more.status }),
  });
}

describe("what the notebook controller makes of a Notebook", () => {
  it("a StatefulSet that runs it, with the documented defaults", () => {
    const { spec, metadata: made } = statefulSetOf(notebook({ metadata: { labels: { team: "vision" } } }));
    assert.deepEqual(made, {
      name: "lab",
      namespace: "team-a",
      ownerReferences: [
        {
          apiVersion: "kubeflow.org/v1",
          kind: "Notebook",
          name: "lab",
          uid: "u1",
          controller: true,
          blockOwnerDeletion: true,
        },
      ],
    });
    assert.deepEqual(spec, {
      replicas: 1,
      selector: { matchLabels: { statefulset: "lab" } },
      template: {
        metadata: { labels: { statefulset: "lab", "notebook-name": "lab", team: "vision" }, annotations: {} },
        spec: {
          securityContext: { fsGroup: 100 },
          containers: [
            {
              name: "lab",
              image: "jupyter",
              workingDir: "/home/jovyan",
              ports: [{ containerPort: 8888, name: "notebook-port", protocol: "TCP" }],
              env: [{ name: "NB_PREFIX", value: "/notebook/team-a/lab" }],
            },
          ],
        },
      },
    });
  });

  it("keeps what the Notebook says itself", () => {
    const own = { workingDir: "/work", ports: [{ containerPort: 80 }], env: [{ name: "NB_PREFIX", value: "/mine" }] };
    const made = notebook({ container: own, podSpec: { securityContext: { runAsUser: 7 }, nodeSelector: { a: "b" } } });
    const { template } = v.parse(
      v.looseObject({ template: v.looseObject({ spec: v.unknown() }) }),
      statefulSetOf(made)["spec"],
    );
    assert.deepEqual(template.spec, {
      securityContext: { runAsUser: 7 },
      nodeSelector: { a: "b" },
      containers: [{ name: "lab", image: "jupyter", ...own }],
    });
    assert.deepEqual(serviceOf(made)["spec"], {
      type: "ClusterIP",
      selector: { statefulset: "lab" },
      ports: [{ name: "http-lab", port: 80, targetPort: 80, protocol: "TCP" }],
    });
  });

  it("no replica while it is stopped; annotations go along but for those of kubectl and of notebooks", () => {
    const annotations = {
      "kubeflow-resource-stopped": NOW,
      "kubectl.kubernetes.io/last-applied-configuration": "{}",
      "notebooks.kubeflow.org/server-type": "jupyter",
      "sidecar.istio.io/inject": "false",
    };
    const { spec } = statefulSetOf(notebook({ metadata: { annotations } }));
    const shape = v.object({
      replicas: v.number(),
      template: v.object({ metadata: v.object({ annotations: v.unknown() }) }),
    });
    const { replicas, template } = v.parse(shape, spec);
    assert.equal(replicas, 0);
    assert.deepEqual(template.metadata.annotations, {
      "kubeflow-resource-stopped": NOW,
      "sidecar.istio.io/inject": "false",
    });
  });

  it("a status that mirrors the container of its name and the pod's conditions", () => {
    const set = v.parse(StatefulSet, { metadata, status: { readyReplicas: 1 } });
    const conditions = [
      { type: "Ready", status: "True", lastProbeTime: null, lastTransitionTime: "2026-01-01T00:00:00Z" },
      { type: "PodScheduled", status: "False", reason: "Unschedulable", message: "no GPU", observedGeneration: 1 },
    ];
    const containerStatuses = [
      { name: "sidecar", state: { terminated: { exitCode: 1 } } },
      { name: "lab", state: { running: { startedAt: NOW } } },
    ];
    const pod = v.parse(Pod, { metadata, status: { conditions, containerStatuses } });
    const status = statusOf(notebook(), set, pod, NOW);
    assert.deepEqual(status, {
      conditions: [
        { type: "Ready", status: "True", lastProbeTime: NOW, lastTransitionTime: "2026-01-01T00:00:00Z" },
        {
          type: "PodScheduled",
          status: "False",
          reason: "Unschedulable",
          message: "no GPU",
          lastProbeTime: NOW,
          lastTransitionTime: NOW,
        },
      ],
      readyReplicas: 1,
      containerState: { running: { startedAt: NOW } },
    });
    // Later nothing has changed, whatever the time is.
    assert.deepEqual(statusOf(notebook({ status }), set, pod, "2026-02-02T00:00:00Z"), status);
  });

  it("an empty status where there is neither set nor pod", () => {
    const empty = { conditions: [], readyReplicas: 0, containerState: {} };
    assert.deepEqual(statusOf(notebook(), undefined, undefined, NOW), empty);
  });
});
