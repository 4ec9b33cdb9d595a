import { posix } from "node:path";
import type { KubeObject } from "../../kube/objects.ts";
import type { Snapshot } from "../code/snapshot.ts";
import { START_PROGRAM, type StartPlan } from "../code/startProgram.ts";
import type { LaunchSpec } from "../spec.ts";
import type { ConfigMap } from "../types.ts";
import {
  ARCHIVE_NAME,
  ARCHIVE_ROOT,
  archiveParts,
  CODE_ROOT,
  codeName,
  isStarted,
  metadata,
  modulePaths,
  outputFolder,
  PACKAGES_ROOT,
  PART_KEY,
  partName,
  scriptFolder,
  START_FILES,
} from "./parts.ts";

/**
 * The ConfigMaps, immutable: one with a key per file, or with a part of `archive` each. Their owner is written once the
 * job is there. Pure.
 */
export function buildCode(
  spec: LaunchSpec,
  snapshot: Snapshot,
  archive: Buffer,
  version: string,
): readonly ConfigMap[] {
  const entries = (encoding: "utf8" | "base64"): Record<string, string> =>
    Object.fromEntries(
      snapshot.keyed.filter((file) => file.encoding === encoding).map(({ key, content }) => [key, content]),
    );
  const about = metadata(spec, snapshot, version);
  const data = { ...entries("utf8"), ...startFiles(spec, snapshot) };
  const binaryData = entries("base64");
  const map = (name: string, content: Pick<ConfigMap, "data" | "binaryData">): ConfigMap => ({
    apiVersion: "v1",
    kind: "ConfigMap",
    metadata: { name, ...about },
    immutable: true,
    ...content,
  });
  return [
    map(codeName(spec), {
      ...(Object.keys(data).length > 0 && { data }),
      ...(Object.keys(binaryData).length > 0 && { binaryData }),
    }),
    ...archiveParts(snapshot).map(([from, to], index) =>
      map(partName(spec, index), { binaryData: { [PART_KEY]: archive.subarray(from, to).toString("base64") } }),
    ),
  ];
}

/** A claim with room for the archive. Where several nodes read it, it has to be of a class that allows that. Pure. */
export function buildVolume(spec: LaunchSpec, snapshot: Snapshot, version: string): KubeObject {
  const gibibytes = Math.max(1, Math.ceil((snapshot.archive.bytes * 1.1) / 2 ** 30));
  return {
    apiVersion: "v1",
    kind: "PersistentVolumeClaim",
    metadata: { name: codeName(spec), ...metadata(spec, snapshot, version) },
    ...{
      spec: {
        accessModes: [spec.nodes > 1 ? "ReadWriteMany" : "ReadWriteOnce"],
        resources: { requests: { storage: `${gibibytes}Gi` } },
      },
    },
  };
}

function startFiles(spec: LaunchSpec, snapshot: Snapshot): Record<string, string> {
  if (!isStarted(spec, snapshot)) return {};
  const [program, plan] = START_FILES;
  const { requirements, archive } = snapshot;
  const start: StartPlan = {
    folder: scriptFolder(snapshot),
    path: modulePaths(spec, snapshot),
    ...(snapshot.tier !== "files" && {
      archive: {
        from: snapshot.tier === "volume" ? posix.join(ARCHIVE_ROOT, ARCHIVE_NAME) : ARCHIVE_ROOT,
        into: CODE_ROOT,
        sha256: archive.sha256,
      },
    }),
    ...(spec.output !== undefined && "claim" in spec.output && { output: outputFolder(spec) ?? "" }),
    ...(spec.installs &&
      requirements !== undefined && {
        requirements: { file: posix.join(CODE_ROOT, requirements), into: PACKAGES_ROOT },
      }),
  };
  return { [program]: START_PROGRAM, [plan]: JSON.stringify(start) };
}
