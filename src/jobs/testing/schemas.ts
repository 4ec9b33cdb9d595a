import type { FakeApi } from "../../kubeflow/testing/fakeApi.ts";
import type { Json } from "../../kubeflow/read.ts";

const TEXT = { type: "string" };
const WHOLE = { type: "integer", format: "int32" };
const TEXTS = { type: "object", additionalProperties: TEXT };
const ANY = { type: "object", "x-kubernetes-preserve-unknown-fields": true };
const LIST = { type: "array", items: ANY };
const CONTAINER = { type: "object", properties: { name: TEXT, env: LIST, volumeMounts: LIST, securityContext: ANY } };

function object(properties: Json, required: readonly string[] = []): Json {
  return { type: "object", properties, ...(required.length === 0 ? {} : { required }) };
}

/** What a cluster publishes of both kinds, cut to what tests need (trainer v2.3.0, training-operator v1.9.4). */
export const SCHEMAS: Json = {
  "io.k8s.Meta": object({
    name: TEXT,
    namespace: TEXT,
    labels: TEXTS,
    annotations: TEXTS,
    creationTimestamp: { ...TEXT, format: "date-time" },
    owner: { $ref: "#/components/schemas/io.k8s.Meta" },
  }),
  "org.kubeflow.trainer.v1alpha1.TrainJob": object({
    apiVersion: TEXT,
    kind: TEXT,
    metadata: { allOf: [{ $ref: "#/components/schemas/io.k8s.Meta" }] },
    spec: object(
      {
        suspend: { type: "boolean" },
        activeDeadlineSeconds: WHOLE,
        managedBy: TEXT,
        runtimeRef: object({ name: TEXT, kind: TEXT, apiGroup: TEXT }, ["name"]),
        trainer: object({
          numNodes: WHOLE,
          numProcPerNode: WHOLE,
          image: { ...TEXT, nullable: true },
          command: { type: "array", items: TEXT },
          args: { type: "array", items: TEXT },
          env: { type: "array", items: object({ name: TEXT, value: TEXT, valueFrom: ANY }, ["name"]) },
          resourcesPerNode: object({
            limits: {
              type: "object",
              additionalProperties: { "x-kubernetes-int-or-string": true, anyOf: [WHOLE, TEXT] },
            },
          }),
        }),
        runtimePatches: {
          type: "array",
          items: object({
            manager: TEXT,
            trainingRuntimeSpec: object({
              template: object({
                spec: object({
                  replicatedJobs: {
                    type: "array",
                    items: object({
                      name: TEXT,
                      template: object({
                        spec: object({
                          template: object({
                            metadata: ANY,
                            spec: object({
                              containers: { type: "array", items: CONTAINER },
                              nodeSelector: TEXTS,
                              tolerations: LIST,
                              serviceAccountName: TEXT,
                              volumes: LIST,
                            }),
                          }),
                        }),
                      }),
                    }),
                  },
                }),
              }),
            }),
          }),
        },
      },
      ["runtimeRef"],
    ),
  }),
  "org.kubeflow.v1.PyTorchJob": object({
    apiVersion: TEXT,
    kind: TEXT,
    metadata: { $ref: "#/components/schemas/io.k8s.Meta" },
    spec: object(
      {
        nprocPerNode: TEXT,
        runPolicy: object({
          suspend: { type: "boolean" },
          cleanPodPolicy: { ...TEXT, enum: ["All", "Running", "None"] },
        }),
        pytorchReplicaSpecs: {
          type: "object",
          additionalProperties: object({ replicas: WHOLE, restartPolicy: TEXT, template: ANY }),
        },
      },
      ["pytorchReplicaSpecs"],
    ),
  }),
};

/** Publishes them where a cluster does. */
export function publishSchemas(api: FakeApi): void {
  for (const path of ["kubeflow.org/v1", "trainer.kubeflow.org/v1alpha1"]) {
    const answer = { metadata: { name: "" }, components: { schemas: SCHEMAS } };
    api.objects.set(`/openapi/v3/apis/${path}`, answer);
  }
}
