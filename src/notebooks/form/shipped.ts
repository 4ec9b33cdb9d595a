import type { Json } from "../../kubeflow/read.ts";

const images = (...names: readonly string[]): Json => {
  const options = names.map((name) => `ghcr.io/kubeflow/kubeflow/notebook-servers/${name}:v1.11.0`);
  return { value: options[0], options };
};

/**
 * What the Jupyter web app offers where nobody has changed it. Values alone, not the file; whoever changes them changes
 * the date with them.
 */
export const SHIPPED = {
  version: "1.11.0",
  checked: "2026-11-30",
  source: "kubeflow/manifests, applications/jupyter/jupyter-web-app/upstream/base/configs/spawner_ui_config.yaml",
  defaults: {
    allowCustomImage: true,
    hideRegistry: true,
    hideTag: false,
    imagePullPolicy: { value: "IfNotPresent" },
    image: images(
      "jupyter-scipy",
      "jupyter-pytorch-full",
      "jupyter-pytorch-cuda-full",
      "jupyter-pytorch-gaudi-full",
      "jupyter-tensorflow-full",
      "jupyter-tensorflow-cuda-full",
    ),
    imageGroupOne: images("codeserver-python"),
    imageGroupTwo: images("rstudio-tidyverse"),
    cpu: { value: "0.5", limitFactor: "1.2" },
    memory: { value: "1.0Gi", limitFactor: "1.2" },
    gpus: {
      value: {
        num: "none",
        vendor: "",
        vendors: [
          { limitsKey: "nvidia.com/gpu", uiName: "NVIDIA" },
          { limitsKey: "amd.com/gpu", uiName: "AMD" },
          { limitsKey: "habana.ai/gaudi", uiName: "Intel Gaudi" },
        ],
      },
    },
    workspaceVolume: {
      value: {
        mount: "/home/jovyan",
        newPvc: {
          metadata: { name: "{notebook-name}-workspace" },
          spec: { resources: { requests: { storage: "5Gi" } }, accessModes: ["ReadWriteOnce"] },
        },
      },
    },
    dataVolumes: { value: [] },
    affinityConfig: { value: "", options: [] },
    tolerationGroup: { value: "", options: [] },
    shm: { value: true },
    configurations: { value: [] },
    environment: { value: {} },
  },
} as const satisfies { readonly defaults: Json } & Readonly<Record<string, unknown>>;
