import type { KubeObject, ResourceKind } from "../kube/objects.ts";

export const CONFIG_MAPS: ResourceKind = {
  group: "",
  version: "v1",
  plural: "configmaps",
  kind: "ConfigMap",
  namespaced: true,
};

export interface EnvVar {
  readonly name: string;
  readonly value: string;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir: string;
  readonly env?: readonly EnvVar[];
  readonly resources?: {
    readonly limits: Readonly<Record<string, string>>;
    readonly requests: Readonly<Record<string, string>>;
  };
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}

export interface ReplicaSpec {
  readonly replicas: number;
  readonly restartPolicy: "Never";
  readonly template: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly spec: { readonly containers: readonly Container[]; readonly volumes: readonly object[] };
  };
}

/** A PyTorchJob as we write it (kubeflow/training-operator v1.9.4: pkg/apis/kubeflow.org/v1). What others wrote is read through src/kubeflow. */
export interface PyTorchJob extends KubeObject {
  readonly apiVersion: "kubeflow.org/v1";
  readonly kind: "PyTorchJob";
  readonly spec: {
    readonly nprocPerNode: string;
    readonly runPolicy: { readonly suspend: boolean; readonly cleanPodPolicy: "None" };
    readonly pytorchReplicaSpecs: { readonly Master: ReplicaSpec; readonly Worker?: ReplicaSpec };
  };
}

export interface ConfigMap extends KubeObject {
  readonly apiVersion: "v1";
  readonly kind: "ConfigMap";
  readonly immutable: true;
  readonly data?: Readonly<Record<string, string>>;
  /** Base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
}
