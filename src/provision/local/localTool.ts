import type { LocalTool as LocalToolName, LocalWish } from "../../contract/wish.ts";
import type { ProgramName } from "../existing/programs.ts";
import { k3d } from "./k3d.ts";
import { kind } from "./kind.ts";
import { microk8s } from "./microk8s.ts";
import { minikube } from "./minikube.ts";

/** A program to run, by argv. `KUBECONFIG` is always a file of ours beside these variables. */
export interface LocalCommand {
  readonly program: ProgramName;
  readonly args: readonly string[];
  /** Files that the arguments name, to be written first, by absolute path. */
  readonly files?: Readonly<Record<string, string>>;
}

export interface LocalProgress {
  /** What the tool does now, in its own words. */
  readonly detail: string;
  /** How many steps of how many are behind it, only where the tool tells. */
  readonly done?: number;
  readonly total?: number;
  /** The tool's own sentence about why it failed. */
  readonly error?: string;
}

export interface LocalCluster {
  readonly name: string;
  /** Undefined where the tool does not tell. */
  readonly running: boolean | undefined;
}

/** What we know of one tool that runs clusters on this computer: arguments and answers, no processes. */
export interface LocalTool {
  readonly name: LocalToolName;
  readonly version: LocalCommand;
  /** Undefined: a cluster that is there is adopted. `file` is the kubeconfig that it may write. */
  create(name: string, wish: LocalWish, file: string): LocalCommand | undefined;
  /** What a line of output says; undefined for one that says nothing. */
  progress(line: string): LocalProgress | undefined;
  /** Prints the kubeconfig; undefined where `create` writes it itself. */
  kubeconfig(name: string): LocalCommand | undefined;
  readonly list: LocalCommand;
  clusters(stdout: string): readonly LocalCluster[];
  /** Undefined: not ours to remove. */
  delete(name: string): LocalCommand | undefined;
}

export const LOCAL_TOOL: Readonly<Record<LocalToolName, LocalTool>> = { minikube, k3d, kind, microk8s };
