// The Kubeflow controllers that a sandbox runs, one row each. A controller runs as a process beside the API
// server, with a token of its own ServiceAccount: upstream's RBAC rules, CRDs and webhooks are the real ones.
import type { KubeObject } from "./api.ts";
import { IMAGES, JOBSET, TRAINER, TRAINING_OPERATOR } from "./versions.ts";

export interface Controller {
  readonly name: string;
  readonly module: string;
  readonly version: string;
  /** Package of the module that is its main program; "" is the module's own folder. */
  readonly program: string;
  /** Module of ours (go/<name>) that builds it, where the published one cannot be installed by itself. */
  readonly builtBy?: string;
  /** Folders of the module that kustomize renders, and single files. */
  readonly manifests: readonly string[];
  /** What its kustomizations take from elsewhere, and we do not: the end of the resource's name. */
  readonly leftOut?: string;
  /** Images that no registry brings here, without their tags, and ours that stand in for them. */
  readonly images?: Readonly<Record<string, string>>;
  /** Its own image as a platform's manifests name it, where that is not what the module's do. */
  readonly ownImage?: string;
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
  /** Content of the file that `--config` names. */
  readonly config?: object;
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
    manifests: ["manifests/overlays/standalone"],
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
      `--mpi-kubectl-delivery-image=${IMAGES.python}`,
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
  {
    name: "jobset",
    module: "sigs.k8s.io/jobset",
    version: JOBSET,
    program: "",
    builtBy: "trainer",
    manifests: ["config/default"],
    ownImage: `registry.k8s.io/jobset/jobset:v${JOBSET}`,
    namespace: "jobset-system",
    serviceAccount: "jobset-controller-manager",
    webhook: {
      service: "jobset-webhook-service",
      portName: "",
      port: 9643,
      secret: "jobset-webhook-server-cert",
      folder: SERVING_CERTIFICATES,
    },
    flags: [],
    config: {
      apiVersion: "config.jobset.x-k8s.io/v1alpha1",
      kind: "Configuration",
      webhook: { port: 9643 },
      metrics: { bindAddress: "0" },
      health: { healthProbeBindAddress: "127.0.0.1:18281" },
      leaderElection: { leaderElect: false },
      internalCertManagement: { enable: true },
    },
    ready: "http://127.0.0.1:18281/readyz",
    probe: {
      apiVersion: "jobset.x-k8s.io/v1alpha2",
      kind: "JobSet",
      metadata: { name: "probe", namespace: "default" },
      spec: {
        replicatedJobs: [
          {
            name: "node",
            template: { spec: { template: { spec: { containers: [{ name: "node", image: "probe" }] } } } },
          },
        ],
      },
    },
  },
  {
    name: "trainer",
    module: "github.com/kubeflow/trainer/v2",
    version: TRAINER,
    program: "cmd/trainer-controller-manager",
    builtBy: "trainer",
    // As a platform installs it (kubeflow.md A2): the manager in kubeflow-system, the runtimes, the aggregated roles.
    manifests: [
      "manifests/overlays/manager",
      "manifests/overlays/runtimes",
      "manifests/overlays/kubeflow-platform/kubeflow-trainer-roles.yaml",
    ],
    leftOut: "third-party/jobset",
    // The runtimes whose image only has to bring a Python. Those over MPI start an SSH server, and keep their images.
    images: {
      "pytorch/pytorch": IMAGES.torch,
      "nvcr.io/nvidia/jax": IMAGES.torch,
      "ghcr.io/kubeflow/trainer/xgboost-runtime": IMAGES.torch,
    },
    namespace: "kubeflow-system",
    serviceAccount: "kubeflow-trainer-controller-manager",
    webhook: {
      service: "kubeflow-trainer-controller-manager",
      portName: "webhook-server",
      port: 9743,
      secret: "kubeflow-trainer-webhook-cert",
      folder: SERVING_CERTIFICATES,
    },
    flags: [],
    config: {
      apiVersion: "config.trainer.kubeflow.org/v1alpha1",
      kind: "Configuration",
      webhook: { port: 9743 },
      metrics: { bindAddress: "0" },
      health: { healthProbeBindAddress: "127.0.0.1:18381" },
      leaderElection: { leaderElect: false },
      certManagement: { enable: true },
      clientConnection: { qps: 200, burst: 400 },
    },
    ready: "http://127.0.0.1:18381/readyz",
    probe: {
      apiVersion: "trainer.kubeflow.org/v1alpha1",
      kind: "TrainJob",
      metadata: { name: "probe", namespace: "default" },
      spec: { runtimeRef: { name: "torch-distributed" }, trainer: { numNodes: 1 } },
    },
  },
];
