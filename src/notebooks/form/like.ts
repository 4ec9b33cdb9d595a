// A form filled in as a notebook is that is there. What a form cannot say is told, and not taken over. Pure.
import { isDeepStrictEqual } from "node:util";
import type { NotebookForm } from "../../contract/notebookForm.ts";
import { quoted } from "../../core/formReader.ts";
import { label } from "../../core/sanitize.ts";
import type { KubeObject } from "../../kube/objects.ts";
import { type Json, list, record, text } from "../../kubeflow/read.ts";
import { firstForm } from "./form.ts";
import type { Spawner } from "./spawner.ts";

export interface LikeNotebook {
  readonly form: NotebookForm;
  /** With what the notebook has and the configuration does not offer. */
  readonly spawner: Spawner;
  /** What was not taken over, a line each. */
  readonly left: readonly string[];
}

/** Key of the group that stands for what the notebook itself has. */
const LIKE = "like";
const SERVER = "notebooks.kubeflow.org/server-type";

/**
 * `configurations`: labels that PodDefaults choose by, `key=value,…` each. Its workspace is a new one of the same size,
 * for two notebooks cannot live in one home; its other volumes are shared.
 */
export function likeNotebook(
  object: KubeObject,
  offered: Spawner,
  account: string,
  taken: readonly string[],
  configurations: readonly string[],
  claims: readonly KubeObject[],
): LikeNotebook {
  const { name, labels = {}, annotations = {} } = object.metadata;
  const pod = record(record(record(record(object)["spec"])["template"])["spec"]);
  const containers = list(pod["containers"]);
  const main = containers.find((one) => one["name"] === name) ?? containers[0] ?? {};
  const { requests, limits } = record(main["resources"]);
  const [asks, most] = [record(requests), record(limits)];
  const tolerations = list(pod["tolerations"]);
  const affinity = record(pod["affinity"]);
  const shown = `as ${label(name, 63)} has it`;
  const tolerated = offered.tolerations.find(({ value }) => isDeepStrictEqual(value, tolerations));
  const placed = offered.affinities.find(({ value }) => isDeepStrictEqual(value, affinity));
  const ownTolerations = tolerated === undefined && tolerations.length > 0;
  const ownAffinity = placed === undefined && Object.keys(affinity).length > 0;
  const vendor =
    offered.gpus.vendors.find(({ key }) => key in most)?.key ?? Object.keys(most).find((key) => key.includes("/"));
  const spawner: Spawner = {
    ...offered,
    tolerations: [...offered.tolerations, ...(ownTolerations ? [{ key: LIKE, name: shown, value: tolerations }] : [])],
    affinities: [...offered.affinities, ...(ownAffinity ? [{ key: LIKE, name: shown, value: affinity }] : [])],
  };
  const first = firstForm(spawner, account, taken);
  const server = annotations[SERVER];
  const mounts = list(main["volumeMounts"]);
  const volumes = list(pod["volumes"]).map((volume) => ({
    volume,
    claim: text(record(volume["persistentVolumeClaim"])["claimName"]),
    mount: mounts.find((mount) => mount["name"] === volume["name"]) ?? {},
  }));
  const isHome = (path: unknown): boolean => path === first.workspacePath;
  const home = volumes.find(({ claim, mount }) => claim !== undefined && isHome(mount["mountPath"]));
  const others = volumes.filter((one) => one !== home && one.claim !== undefined);
  const isShm = ({ mount }: (typeof volumes)[number]): boolean => mount["mountPath"] === "/dev/shm";
  const env = list(main["env"]);
  const homeClaim = record(claims.find((one) => one.metadata.name === home?.claim));
  const homeSpec = record(homeClaim["spec"]);
  const of = (from: Json, key: string): string => amountText(from[key]);
  return {
    spawner,
    form: {
      ...first,
      server: server === "group-one" || server === "group-two" ? server : "jupyter",
      image: text(main["image"]) ?? first.image,
      ...{ cpu: of(asks, "cpu"), memory: of(asks, "memory") },
      ...{ cpuLimit: of(most, "cpu"), memoryLimit: of(most, "memory") },
      gpus: vendor === undefined ? "" : of(most, vendor),
      gpuVendor: vendor ?? first.gpuVendor,
      workspace: home === undefined ? "none" : "new",
      workspaceSize: amountText(record(record(homeSpec["resources"])["requests"])["storage"]) || first.workspaceSize,
      workspaceClass: text(homeSpec["storageClassName"]) ?? "",
      volumes: others
        .map(
          ({ claim = "", mount }) =>
            `${claim}:${text(mount["mountPath"]) ?? ""}${mount["readOnly"] === true ? ":ro" : ""}`,
        )
        .join("\n"),
      shm: volumes.some(isShm),
      configurations: configurations.filter((one) =>
        one.split(",").every((pair) => labels[pair.slice(0, pair.indexOf("="))] === pair.slice(pair.indexOf("=") + 1)),
      ),
      tolerations: tolerated?.key ?? (ownTolerations ? LIKE : ""),
      affinity: placed?.key ?? (ownAffinity ? LIKE : ""),
      env: env.flatMap((one) => variableLine(one) ?? []).join("\n"),
      serviceAccount: text(pod["serviceAccountName"]) ?? "",
    },
    left: [
      ...(home?.claim === undefined ? [] : [`its workspace ${label(home.claim, 63)}: this one gets its own`]),
      ...volumes
        .filter((one) => one.claim === undefined && !isShm(one))
        .map(({ volume }) => `the volume ${label(text(volume["name"]) ?? "", 63)}, which is no claim`),
      ...env
        .filter((one) => "valueFrom" in one && variableLine(one) === undefined)
        .map((one) => `the variable ${label(text(one["name"]) ?? "", 63)}, whose value is elsewhere`),
      ...(containers.length > 1 ? ["its other containers"] : []),
      ...["command", "args", "envFrom", "securityContext", "lifecycle"].flatMap((key) =>
        main[key] === undefined ? [] : [`its container’s ${key}`],
      ),
      ...["initContainers", "nodeSelector", "securityContext", "priorityClassName", "runtimeClassName"].flatMap(
        (key) => (pod[key] === undefined ? [] : [`its pod’s ${key}`]),
      ),
    ],
  };
}

/** As the form has it: a value, or a key of a Secret. The controller's own, and what is elsewhere, is no line. */
function variableLine({ name, value, valueFrom }: Json): string | undefined {
  if (text(name) === undefined || name === "NB_PREFIX") return undefined;
  const { name: secret, key, optional } = record(record(valueFrom)["secretKeyRef"]);
  if (text(secret) !== undefined && text(key) !== undefined && optional !== true)
    return `${text(name)}=secret:${text(secret)}/${text(key)}`;
  return value === undefined ? undefined : `${text(name)}=${quoted(amountText(value))}`;
}

function amountText(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}
