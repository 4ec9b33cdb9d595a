import type { KubeObject, ResourceKind } from "../kube/objects.ts";
import type { LaunchKind } from "./spec.ts";

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

/** One whose value a pod gets from a Secret of its namespace. */
export interface SecretEnvVar {
  readonly name: string;
  readonly valueFrom: { readonly secretKeyRef: { readonly name: string; readonly key: string } };
}

export interface VolumeMount {
  readonly name: string;
  readonly mountPath: string;
  readonly readOnly?: boolean;
}

export interface Container {
  readonly name: string;
  readonly image: string;
  readonly command: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env?: readonly (EnvVar | SecretEnvVar)[];
  readonly resources?: {
    readonly limits: Readonly<Record<string, string>>;
    readonly requests: Readonly<Record<string, string>>;
  };
  readonly volumeMounts: readonly VolumeMount[];
}

/** What says where a pod may run, and as whom. */
export interface PodNeeds {
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly tolerations?: readonly object[];
  readonly serviceAccountName?: string;
  readonly priorityClassName?: string;
}

export interface ReplicaSpec {
  readonly replicas: number;
  readonly restartPolicy: "Never" | "OnFailure";
  readonly template: {
    readonly metadata: { readonly labels: Readonly<Record<string, string>> };
    readonly spec: PodNeeds & { readonly containers: readonly Container[]; readonly volumes: readonly object[] };
  };
}

/** A PyTorchJob as we write it (kubeflow/training-operator v1.9.4: pkg/apis/kubeflow.org/v1). What others wrote is read through src/kubeflow. */
export interface PyTorchJob extends KubeObject {
  readonly apiVersion: "kubeflow.org/v1";
  readonly kind: "PyTorchJob";
  readonly spec: {
    readonly nprocPerNode: string;
    readonly runPolicy: {
      readonly suspend: boolean;
      readonly cleanPodPolicy: "None";
      readonly activeDeadlineSeconds?: number;
      readonly backoffLimit?: number;
      readonly ttlSecondsAfterFinished?: number;
    };
    readonly pytorchReplicaSpecs: { readonly Master: ReplicaSpec; readonly Worker?: ReplicaSpec };
  };
}

/** A TrainJob as we write it (trainer v2.3.0: pkg/apis/trainer/v1alpha1). */
export interface TrainJob extends KubeObject {
  readonly apiVersion: "trainer.kubeflow.org/v1alpha1";
  readonly kind: "TrainJob";
  readonly spec: {
    readonly suspend: boolean;
    readonly runtimeRef: { readonly apiGroup: string; readonly kind: string; readonly name: string };
    readonly trainer: {
      readonly image?: string;
      readonly command: readonly string[];
      readonly args?: readonly string[];
      readonly env?: readonly (EnvVar | SecretEnvVar)[];
      readonly numNodes: number;
      readonly numProcPerNode?: number;
      readonly resourcesPerNode?: NonNullable<Container["resources"]>;
    };
    readonly initializer?: Readonly<Partial<Record<"dataset" | "model", { readonly storageUri: string }>>>;
    /** From 2.2. */
    readonly activeDeadlineSeconds?: number;
    /** From 2.2; `podTemplateOverrides` before. */
    readonly runtimePatches?: readonly object[];
    readonly podTemplateOverrides?: readonly object[];
  };
}

/** A job of a kind that is launched, or another object with a spec, whoever wrote it. */
export interface JobObject<K extends string = LaunchKind> extends KubeObject {
  readonly kind: K;
  readonly spec: object;
}

/** What a launch makes: the root, and what it owns. */
export interface Manifests {
  readonly job: JobObject;
  /** The first has what the job is started with. */
  readonly code: readonly ConfigMap[];
  /** Where the code is too large for those: what a pod of ours fills before the job may start. */
  readonly volume?: KubeObject;
}

export interface ConfigMap extends KubeObject {
  readonly apiVersion: "v1";
  readonly kind: "ConfigMap";
  readonly immutable: true;
  readonly data?: Readonly<Record<string, string>>;
  /** Base64. */
  readonly binaryData?: Readonly<Record<string, string>>;
}
