// The Kubeflow controllers that a sandbox runs, one row each. A controller runs as a process beside the API
// server, with a token of its own ServiceAccount: upstream's RBAC rules, CRDs and webhooks are the real ones.
import type { KubeObject } from "./api.ts";
import { IMAGES, TRAINING_OPERATOR } from "./versions.ts";

export interface Controller {
  readonly name: string;
  readonly module: string;
  readonly version: string;
  /** Package of the module that is its main program. */
  readonly program: string;
  /** Folder of the module that kustomize renders. */
  readonly manifests: string;
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly webhook: {
    readonly service: string;
    /** The service's name for the port, "" where it has none. */
    readonly portName: string;
    readonly port: number;
    /** Written by the controller's own certificate rotation, which then waits for the Secret's files. */
    readonly secret: string;
    /** Where it waits for them; fixed in its code. */
    readonly folder: string;
  };
  readonly flags: readonly string[];
  readonly ready: string;
  /** An object that its webhook lets pass. Sent as a dry run: only then is the webhook known to work. */
  readonly probe: KubeObject;
}

const SERVING_CERTIFICATES = "/tmp/k8s-webhook-server/serving-certs";

export const CONTROLLERS: readonly Controller[] = [
  {
    name: "training-operator",
    module: "github.com/kubeflow/training-operator",
    version: TRAINING_OPERATOR,
    program: "cmd/training-operator.v1",
    manifests: "manifests/overlays/standalone",
    namespace: "kubeflow",
    serviceAccount: "training-operator",
    webhook: {
      service: "training-operator",
      portName: "webhook-server",
      port: 9543,
      secret: "training-operator-webhook-cert",
      folder: SERVING_CERTIFICATES,
    },
    flags: [
      `--pytorch-init-container-image=${IMAGES.python}`,
      "--webhook-server-port=9543",
      "--metrics-bind-address=127.0.0.1:18180",
      "--health-probe-bind-address=127.0.0.1:18181",
    ],
    ready: "http://127.0.0.1:18181/readyz",
    probe: {
      apiVersion: "kubeflow.org/v1",
      kind: "PyTorchJob",
      metadata: { name: "probe", namespace: "default" },
      spec: {
        pytorchReplicaSpecs: {
          Master: { replicas: 1, template: { spec: { containers: [{ name: "pytorch", image: "probe" }] } } },
        },
      },
    },
  },
];
