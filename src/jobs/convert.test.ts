import assert from "node:assert/strict";
import { parse } from "yaml";
import { type Json, record } from "../kubeflow/read.ts";
import { convertToTrainJob, withoutServerFields } from "./convert.ts";
import { checkObject, inlined } from "./schema.ts";
import type { RuntimeUse } from "./spec.ts";
import { assertGolden } from "../core/testing/golden.ts";
import { RUNTIME } from "./testing/launches.ts";
import { SCHEMAS } from "./testing/schemas.ts";

const SCHEMA = record(inlined(SCHEMAS["org.kubeflow.trainer.v1alpha1.TrainJob"], SCHEMAS));
const OLDER: RuntimeUse = { ...RUNTIME, patches: "podTemplateOverrides" };
/** Of 2.1: pods are changed by another field, and processes may be a word. */
const OLDER_SCHEMA: Json = {
  properties: {
    spec: {
      properties: {
        trainer: { properties: { numProcPerNode: { "x-kubernetes-int-or-string": true } } },
        podTemplateOverrides: { items: { properties: { spec: { properties: { nodeSelector: {}, volumes: {} } } } } },
      },
    },
  },
};

const PLAIN = `
apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: { name: mnist, namespace: alice, uid: u, labels: { team: vision, trainyard/owner: x, kueue.x-k8s.io/queue-name: q } }
spec:
  nprocPerNode: "2"
  pytorchReplicaSpecs:
    Master: &replica
      replicas: 1
      template:
        spec:
          containers:
            - name: pytorch
              image: pytorch/pytorch:2.9
              command: [torchrun, train.py]
              args: [--epochs, "3"]
              env: [{ name: A, value: "1" }]
              resources: { limits: { nvidia.com/gpu: 1 } }
    Worker: { <<: *replica, replicas: 3 }
status: { conditions: [] }
`;

const RICH = `
apiVersion: kubeflow.org/v1
kind: PyTorchJob
metadata: { name: bert }
spec:
  nprocPerNode: gpu
  elasticPolicy: { minReplicas: 1, maxReplicas: 4 }
  runPolicy:
    suspend: true
    cleanPodPolicy: Running
    backoffLimit: 3
    activeDeadlineSeconds: 3600
    ttlSecondsAfterFinished: 60
    managedBy: kueue.x-k8s.io/multikueue
    schedulingPolicy: { minAvailable: 2 }
  pytorchReplicaSpecs:
    Master:
      replicas: 1
      restartPolicy: OnFailure
      template:
        metadata: { labels: { app: bert, trainyard/launch-id: abc }, annotations: { note: kept } }
        spec:
          serviceAccountName: trainer
          nodeSelector: { gpu: l4 }
          tolerations: [{ key: gpu, operator: Exists }]
          priorityClassName: high
          hostNetwork: true
          initContainers: [{ name: fetch, image: busybox }]
          volumes: [{ name: code, configMap: { name: bert-code-0a1b2c } }]
          containers:
            - name: sidecar
              image: busybox
            - name: pytorch
              image: pytorch/pytorch:2.9
              workingDir: /work
              imagePullPolicy: Always
              command: [python, train.py, --master, $(MASTER_ADDR)]
              envFrom: [{ secretRef: { name: keys } }]
              env: [{ name: PET_NNODES, value: "2" }, { name: TOKEN, valueFrom: { secretKeyRef: { name: s, key: k } } }]
              ports: [{ name: pytorchjob-port, containerPort: 23456 }]
              securityContext: { runAsUser: 1000 }
              volumeMounts: [{ name: code, mountPath: /work }]
    Worker:
      replicas: 1
      restartPolicy: Never
      template:
        spec:
          containers: [{ name: pytorch, image: other:1, command: [python, worker.py] }]
`;

function convert(text: string, runtime = RUNTIME, schema = SCHEMA): string {
  return convertToTrainJob(record(parse(text, { merge: true })), runtime, schema);
}

describe("a PyTorchJob as a TrainJob", () => {
  it("has the same nodes, image, command, variables and amounts", () => {
    assertGolden("convert-plain", convert(PLAIN));
    assert.deepEqual(checkObject(parse(convert(PLAIN)), SCHEMA), []);
  });

  it("says of everything that a TrainJob has no place for that it was left", () => {
    assertGolden("convert-rich", convert(RICH));
    assert.deepEqual(checkObject(parse(convert(RICH)), SCHEMA), []);
  });

  it("changes pods as an older Trainer knows it, and by what that knows", () => {
    assertGolden("convert-older", convert(RICH, OLDER, OLDER_SCHEMA));
  });

  it("stands where there are only workers, or next to nothing", () => {
    const workers = PLAIN.replace("Master: &replica", "Worker: &replica").replace(/ {4}Worker: \{.*\n/, "");
    assert.equal(record(record(record(parse(convert(workers)))["spec"])["trainer"])["numNodes"], 1);
    assert.match(
      convert("kind: PyTorchJob\nmetadata: { name: a }\nspec: { pytorchReplicaSpecs: { Master: ~ } }"),
      /numNodes: 1/,
    );
  });

  it("is compared with what a person wrote of it", () => {
    const written = withoutServerFields(record(parse(PLAIN, { merge: true })));
    assert.deepEqual(Object.keys(written), ["apiVersion", "kind", "metadata", "spec"]);
    assert.deepEqual(Object.keys(record(written["metadata"])), ["name", "namespace", "labels"]);
  });
});
