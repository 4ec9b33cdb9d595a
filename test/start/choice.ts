// Which cluster `npm start` works on: the one that is named, else one of kind, k3d or minikube where a container
// engine answers, else the sandbox. Decides only; nothing is changed here.
import { findProgram, whyNotHere } from "../sandbox/machine.ts";
import { answers, onPath } from "./programs.ts";

export const LOCAL_TOOLS = ["kind", "k3d", "minikube"] as const;
export type LocalTool = (typeof LOCAL_TOOLS)[number];
export const ENGINES = ["docker", "podman"] as const;
export type ContainerEngine = (typeof ENGINES)[number];

/** Programs by their full paths. */
export interface LocalChoice {
  readonly kind: "local";
  readonly tool: LocalTool;
  readonly toolFile: string;
  readonly engine: ContainerEngine;
  readonly engineFile: string;
  /** kubectl as argv. */
  readonly kubectl: readonly string[];
}

export type Choice = { readonly kind: "given" } | LocalChoice | { readonly kind: "sandbox" };
/** There is none; the sentence says what would do. */
export interface NoChoice {
  readonly kind: "none";
  readonly reason: string;
}

/** What the decision depends on. */
export interface Machine {
  readonly searchPath: string;
  readonly platform: string;
  readonly arch: string;
  readonly isRoot: boolean;
  /** How long an engine may take to answer, in ms. Default 5000. */
  readonly engineLimit?: number;
}

const ENGINE_LIMIT_MS = 5000;
const OTHERWISE =
  "Or name a cluster that has the Kubeflow Training Operator: npm start -- --kubeconfig FILE --context NAME.";

export async function chooseCluster(isNamed: boolean, machine: Machine): Promise<Choice | NoChoice> {
  if (isNamed) return { kind: "given" };
  const tools = LOCAL_TOOLS.filter((tool) => onPath(tool, machine.searchPath) !== undefined);
  const engine = tools.length === 0 ? undefined : await answeringEngine(machine);
  // k3d knows Docker alone.
  const tool = tools.find((name) => engine !== undefined && (name !== "k3d" || engine.name === "docker"));
  if (engine !== undefined && tool !== undefined) return local(tool, engine, machine.searchPath);
  const refusal = whyNoSandbox(machine);
  return refusal === undefined
    ? { kind: "sandbox" }
    : { kind: "none", reason: `${refusal} ${whatWouldDo(tools)} ${OTHERWISE}` };
}

async function answeringEngine({
  searchPath,
  engineLimit = ENGINE_LIMIT_MS,
}: Machine): Promise<{ name: ContainerEngine; file: string } | undefined> {
  for (const name of ENGINES) {
    const file = onPath(name, searchPath);
    if (file !== undefined && (await answers(file, ["info"], engineLimit))) return { name, file };
  }
  return undefined;
}

function local(
  tool: LocalTool,
  engine: { name: ContainerEngine; file: string },
  searchPath: string,
): Choice | NoChoice {
  const toolFile = onPath(tool, searchPath) ?? tool;
  const own = onPath("kubectl", searchPath);
  const kubectl =
    own !== undefined ? [own] : tool === "minikube" ? [toolFile, "-p", "trainyard", "kubectl", "--"] : undefined;
  if (kubectl === undefined) {
    const reason = `${tool} and ${engine.name} are here, but kubectl is not, which installs the Training Operator into the cluster: install kubectl and try again.`;
    return { kind: "none", reason: `${reason} ${OTHERWISE}` };
  }
  return { kind: "local", tool, toolFile, engine: engine.name, engineFile: engine.file, kubectl };
}

function whyNoSandbox({ searchPath, platform, arch, isRoot }: Machine): string | undefined {
  const here = whyNotHere(platform, arch);
  if (here !== undefined) return here;
  if (isRoot || findProgram("sudo", searchPath) !== undefined) return undefined;
  return "The sandbox needs root, for network and mount namespaces and for containers, and there is no sudo here: run the command as root.";
}

function whatWouldDo(tools: readonly LocalTool[]): string {
  const [tool] = tools;
  if (tool === undefined) return "Docker or Podman with kind, k3d or minikube would do as well.";
  return `${tool} is here, but neither «docker info» nor «podman info» answered: start a container engine and try again.`;
}
