import type { Wish } from "../../contract/wish.ts";
import type { Clock } from "../../core/clock.ts";
import type { Logger } from "../../core/log.ts";
import type { FlowPorts } from "../../install/index.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { AddedCluster } from "../existing/ownKubeconfigs.ts";
import type { Eks } from "../existing/eks.ts";
import type { Gke } from "../existing/gke.ts";
import type { Programs } from "../existing/programs.ts";
import type { Templates } from "../files/templates.ts";
import type { LocalClusters } from "../local/localClusters.ts";
import type { Live } from "../plan/live.ts";
import type { KeeperProgram } from "../terraform/apply.ts";
import type { TerraformProgram } from "../terraform/find.ts";
import type { MadeClusters } from "./madeClusters.ts";

/** What the person sees and presses outside the page; the editor's part of it. */
export interface Desk {
  /** Shows a text in a tab of its own, as it is; the name's end tells its language, as of a file. */
  showText(name: string, text: string): void;
  openExternal(url: string): void;
  copy(text: string): void;
  /** Runs a program by argv in a terminal that the person sees, as to sign in. */
  runInTerminal(title: string, file: string, args: readonly string[]): void;
  pickFolder(title: string): Promise<string | undefined>;
  /** Asks before something that cannot be undone. */
  confirm(question: string, detail: string, agree: string): Promise<boolean>;
  /** The cluster's kubeconfig is there: its context belongs in the tree. */
  added(cluster: AddedCluster): Promise<void>;
  /** The cluster has gone: its kubeconfig is no longer to be read. */
  removed(cluster: AddedCluster): Promise<void>;
  /** Shows the context in the tree. */
  reveal(context: string): void;
  /** A command of the editor for the cluster. */
  run(command: "testGpu" | "merge" | "resume", id: string): Promise<void>;
  /** Opens Kubeflow's dashboard in the context's cluster. */
  openDashboard(context: string): Promise<void>;
  /** Shows what went wrong with something that the person asked for. */
  fail(error: unknown): void;
  /** The editor's own message that something ended which the person may not be looking at. */
  tell(message: string, good: boolean): void;
}

/** What making, changing and destroying clusters takes; composed once (provisioning.ts). */
export interface MakingPorts {
  readonly made: MadeClusters;
  readonly desk: Desk;
  readonly programs: Programs;
  readonly gke: Gke;
  readonly eks: Eks;
  readonly local: LocalClusters;
  readonly templates: () => Promise<Templates>;
  /** What the clouds have told; nothing is asked. */
  readonly live: (wish: Wish) => Live;
  readonly findTerraform: (signal: AbortSignal) => Promise<TerraformProgram>;
  readonly keeper: KeeperProgram;
  /** Shared by all clusters. */
  readonly pluginCache: string;
  /** What installs Kubeflow in it, loaded on first use. */
  readonly kubeflow: () => Promise<FlowPorts>;
  /** A client of the context's cluster, connected. */
  readonly client: (context: string, signal: AbortSignal) => Promise<KubeClient>;
  readonly clock: Clock;
  readonly log: Logger;
  readonly platform: NodeJS.Platform;
}
