import type { LocalWish } from "../../contract/wish.ts";
import { label } from "../../core/sanitize.ts";
import { list, record, text } from "../../kubeflow/read.ts";
import type { LocalCommand, LocalProgress, LocalTool } from "./localTool.ts";

const command = (...args: string[]): LocalCommand => ({ program: "minikube", args });

/** minikube on Docker. Its own defaults of 2 CPUs and 20 GB are never taken. */
export const minikube: LocalTool = {
  name: "minikube",
  version: command("version", "--short"),
  create: (name, wish) => command("start", `--profile=${name}`, ...sizes(wish), ...QUIET),
  progress,
  kubeconfig: () => undefined,
  list: command("profile", "list", "--output=json"),
  clusters: (stdout) => {
    const { valid } = record(JSON.parse(stdout));
    return list(valid).flatMap((one) => {
      const [name, status] = [text(one["Name"]), text(one["Status"])];
      // `OK` since 1.33, `Running` before.
      return name === undefined ? [] : { name, running: status === "OK" || status === "Running" };
    });
  },
  delete: (name) => command("delete", `--profile=${name}`),
};

/** Certificates go into the kubeconfig: it is to be whole in one file. */
const QUIET = ["--interactive=false", "--embed-certs=true", "--output=json"];

function sizes({ cpus, memoryGiB, diskGiB, version, gpus }: LocalWish): readonly string[] {
  return [
    "--driver=docker",
    "--container-runtime=docker",
    `--cpus=${cpus}`,
    `--memory=${memoryGiB * 1024}mb`,
    `--disk-size=${diskGiB * 1024}mb`,
    // A version without a patch takes the newest that it knows (minikube 1.31).
    ...(version === "" ? [] : [`--kubernetes-version=v${version}`]),
    ...(gpus ? ["--gpus=all"] : []),
  ];
}

/** With `--output=json` each line is a CloudEvent whose data are strings (minikube pkg/minikube/out/register). */
function progress(line: string): LocalProgress | undefined {
  let event: Readonly<Record<string, unknown>>;
  try {
    event = record(JSON.parse(line));
  } catch {
    // A warning of a library in between: not an event.
    return undefined;
  }
  const kind = text(event["type"])?.replace("io.k8s.sigs.minikube.", "");
  const { currentstep, totalsteps, message, name, advice, progress: part, artifact } = record(event["data"]);
  const words = label(text(message) ?? text(name) ?? "", 160).replace(/^[^\p{L}\p{N}"]+/u, "");
  if (kind === "error") {
    const hint = label(text(advice) ?? "", 160);
    return { detail: words, error: hint === "" ? words : `${words} ${hint}` };
  }
  const [done, total] = [Number(currentstep), Number(totalsteps)];
  const steps = Number.isInteger(done) && Number.isInteger(total) && total > 0 ? { done, total } : {};
  if (kind === "step") return { detail: words, ...steps };
  if (kind !== "download.progress") return undefined;
  const percent = Math.round(Math.min(1, Math.max(0, Number(part))) * 100);
  return { detail: `Downloading ${label(text(artifact) ?? "an image", 80)}, ${percent || 0} %`, ...steps };
}
