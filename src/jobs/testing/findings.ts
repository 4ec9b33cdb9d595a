// What tests of the checks before a run share.
import type { KubeObject } from "../../kube/objects.ts";
import type { Finding } from "../checks/finding.ts";
import type { LaunchSpec } from "../spec.ts";
import { SPEC } from "./launches.ts";

export const GI = 1024 ** 3;
export const GPU = "nvidia.com/gpu";
export const LARGE: LaunchSpec = { ...SPEC, nodes: 2, gpusPerNode: 2, cpu: "4", memory: "16Gi" };

export const short = (found: readonly Finding[]): string[] =>
  found.map(({ field, level, text }) => `${level} ${field}: ${text}`);

export const object = (name: string, body: object, metadata: object = {}): KubeObject => ({
  metadata: { name, ...metadata },
  ...body,
});
