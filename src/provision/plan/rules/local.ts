import type { LocalWish, Wish } from "../../../contract/wish.ts";
import { LIMITS, LOCAL_VERSIONS } from "../limits.ts";
import type { Live, LiveComputer } from "../live.ts";
import { fits, freeName, type RuleFinding, values, warning, wrong } from "./finding.ts";

/** Rules of a cluster on this computer. Answers that the tool has no use for are left alone: another tool may have. */
export function localFindings({ name, local }: Wish, live: Live): readonly RuleFinding[] {
  const computer = live.computer ?? {};
  if (local.tool === "microk8s") return [...adoptedFindings(computer), ...gpuFindings(local, computer)];
  const found: RuleFinding[] = [];
  const shortest = local.tool === "minikube" ? 2 : 1;
  if (!fits(LIMITS.local.name, name) || name.length < shortest) {
    const message = `A cluster of ${local.tool} is named with ${shortest}-32 lower-case letters, digits and hyphens, beginning and ending with a letter or digit.`;
    found.push(wrong("name", "name", message, values(["kubeflow-01"])));
  } else if (computer.clusters?.includes(name) === true) {
    const free = freeName(name, computer.clusters);
    found.push(wrong("name-taken", "name", `${local.tool} has a cluster ${name} already.`, values([free])));
  }
  if (!fits(LIMITS.local.version, local.version)) {
    const message = `A version of Kubernetes looks like 1.35; leave it empty for what ${local.tool} takes by itself.`;
    found.push(wrong("local-version", "local.version", message, values(LOCAL_VERSIONS)));
  }
  return [...found, ...sizeFindings(local, computer), ...gpuFindings(local, computer), ...k3dFindings(local)];
}

function adoptedFindings({ platform }: LiveComputer): readonly RuleFinding[] {
  const field = "local.tool";
  if (platform !== undefined && platform !== "linux") {
    const message =
      "A microk8s that runs in a virtual machine is added by its kubeconfig; on this system choose minikube, k3d or kind.";
    return [wrong("local-tool", field, message, values(["minikube", "k3d", "kind"]))];
  }
  const message = "A microk8s is adopted as it is: nothing is made, and sizes, version and name stay what they are.";
  return [warning("local-tool", field, message)];
}

const SIZES = [
  ["cpus", "CPUs"],
  ["memoryGiB", "GiB of memory"],
  ["diskGiB", "GiB of disk"],
] as const;

function sizeFindings(local: LocalWish, computer: LiveComputer): readonly RuleFinding[] {
  // The nodes of k3d and kind take what there is of Docker's disk: nobody limits it.
  const sizes = SIZES.filter(([key]) => key !== "diskGiB" || local.tool === "minikube");
  return sizes.flatMap(([key, unit]) => {
    const { least, training, most } = LIMITS.local;
    const size = local[key];
    const has = computer[key];
    const field = `local.${key}`;
    if (size < least[key] || size > most[key]) {
      const message = `${size} ${unit} cannot be: a cluster needs ${least[key]} at the least, and ${training[key]} for training.`;
      return [wrong("local-size", field, message, values([training[key]]))];
    }
    if (has !== undefined && size > has) {
      const where = key === "diskGiB" ? "are free" : "are what Docker has (Docker Desktop: Settings, Resources)";
      const message = `${size} ${unit} are more than there is: ${Math.floor(has)} ${where}.`;
      const instead = has >= least[key] ? values([Math.floor(has)]) : [];
      // A disk grows as it is filled.
      return [(key === "diskGiB" ? warning : wrong)("local-size", field, message, instead)];
    }
    if (size >= training[key]) return [];
    return [warning("local-size", field, `Training needs ${training[key]} ${unit}.`, values([training[key]]))];
  });
}

function gpuFindings({ tool, gpus }: LocalWish, computer: LiveComputer): readonly RuleFinding[] {
  if (!gpus) return [];
  const field = "local.gpus";
  if (tool === "kind") return [wrong("local-gpus", field, "kind hands no GPUs to its nodes. minikube does, on Linux.")];
  if (computer.platform !== undefined && computer.platform !== "linux") {
    return [wrong("local-gpus", field, `${tool} hands GPUs to a cluster on Linux only.`)];
  }
  if (computer.gpus === 0) return [wrong("local-gpus", field, "Docker sees no NVIDIA GPU on this computer.")];
  if (tool === "minikube") return [];
  const message =
    tool === "k3d"
      ? "k3d needs an image of k3s with CUDA, which is not made here: its GPUs stay unseen without one."
      : "microk8s gets its GPUs by `microk8s enable nvidia`, which is yours to run.";
  return [warning("local-gpus", field, message)];
}

function k3dFindings({ tool, volume }: LocalWish): readonly RuleFinding[] {
  if (tool !== "k3d") {
    const message = `Only k3d has a folder of this computer in its nodes; ${tool} goes without.`;
    return volume === "" ? [] : [warning("local-volume", "local.volume", message)];
  }
  // Docker reads `source:target`; k3d reads `@` as the beginning of a node filter.
  const path = /^[A-Za-z]:[\\/]/.test(volume) ? volume.slice(2) : volume;
  if (volume === "" || (/^[\\/]/.test(path) && !/[:@,]|\p{Cc}/u.test(path))) return [];
  const message = "The folder is given from the root on, without a colon, comma or @ in its path.";
  return [wrong("local-volume", "local.volume", message)];
}
