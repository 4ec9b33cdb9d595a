import { connect as connectTcp } from "node:net";
import type { Duplex } from "node:stream";
import type { Disposable } from "../../core/dispose.ts";
import { isCancelled } from "../../core/errors.ts";
import type { Logger } from "../../core/log.ts";
import { label } from "../../core/sanitize.ts";
import type { SecretStore } from "../../core/storage.ts";
import type { KubeClient } from "../../kube/client.ts";
import type { Connection } from "../../kube/connection.ts";
import { isApiError } from "../../kube/errors.ts";
import { SECRET_HEADER } from "../../kube/httpForward/gate.ts";
import type { connectPod, HttpForward } from "../../kube/streams/index.ts";
import { signIn, type SignIn } from "../../kubeflow/gateway/signIn.ts";
import { accountsKey, type KnownAccount, knownAccounts } from "../accounts.ts";
import { clusterUid } from "../record.ts";
import { type Door, findDoor, type PodTarget, readyPod } from "./wayIn.ts";

/** A dashboard that a browser on this computer may be sent to. */
export interface OpenedDashboard {
  /** Works once, within five minutes. A secret where somebody is signed in. */
  readonly address: string;
  /** Another `host:port` by which the browser may come, such as what vscode.env.asExternalUri says. */
  allowHost(host: string): void;
  /** What became of signing in; undefined where no account of this cluster is known here. */
  readonly signIn: Exclude<SignIn["kind"], "open"> | undefined;
  /** Whose account was tried. */
  readonly email: string;
}

interface OpenForward {
  readonly door: Door;
  readonly forward: Promise<HttpForward>;
}

/** The forwards to dashboards, one for each connection, until this is disposed. */
export class Dashboards implements Disposable {
  readonly #secrets: SecretStore;
  readonly #log: Logger;
  readonly #open = new Map<Connection, OpenForward>();

  constructor(secrets: SecretStore, log: Logger) {
    this.#secrets = secrets;
    this.#log = log;
  }

  /**
   * Forwards to the cluster's dashboard, and signs in with the account that was made for whoever installed it, where it
   * is known here. Rejects as `findDoor`.
   */
  async open(connection: Connection, signal: AbortSignal): Promise<OpenedDashboard> {
    const [account] = await this.accounts(connection.client, signal);
    const forward = await this.#forward(connection, await findDoor(connection.client, signal));
    const { port, secret } = forward;
    const entrance = {
      origin: new URL(`http://127.0.0.1:${port}`),
      open: () => Promise.resolve(connectTcp(port, "127.0.0.1")),
      headers: { [SECRET_HEADER]: secret },
    };
    const entry: SignIn = account === undefined ? { kind: "open" } : await signIn(entrance, account, signal);
    if (entry.kind === "unknown") this.#log.warn(`dashboard: not signed in: ${label(entry.why)}`);
    return {
      address: forward.address("/", entry.kind === "signed-in" ? entry.cookies : []),
      allowHost: (host) => forward.allowHost(host),
      signIn: entry.kind === "open" ? undefined : entry.kind,
      email: account?.email ?? "",
    };
  }

  /** The accounts of a cluster whose passwords are kept here, that of whoever installed it first. Rejects as `KubeClient.get`. */
  async accounts(client: KubeClient, signal: AbortSignal): Promise<readonly KnownAccount[]> {
    try {
      return await knownAccounts(this.#secrets, await clusterUid(client, signal));
    } catch (error) {
      // Who may not tell which cluster it is has made no account for it.
      if (isApiError(error, "Forbidden")) return [];
      throw error;
    }
  }

  /** After an uninstall: ends the forward, and forgets accounts that are good for nothing. Rejects as `KubeClient.get`. */
  async forget(connection: Connection, signal: AbortSignal): Promise<void> {
    const { client } = connection;
    this.#close(connection);
    await this.#secrets.delete(accountsKey(await clusterUid(client, signal)));
  }

  dispose(): void {
    for (const connection of this.#open.keys()) this.#close(connection);
  }

  #forward(connection: Connection, door: Door & PodTarget): Promise<HttpForward> {
    const known = this.#open.get(connection);
    if (known?.door.service === door.service) return known.forward;
    const { name } = connection.context;
    // Also what was opened by an entry of the kubeconfig that has changed: it leads nowhere any more.
    for (const other of this.#open.keys()) if (other.context.name === name) this.#close(other);
    const opened = { door, forward: start(connection, door) };
    this.#open.set(connection, opened);
    opened.forward.catch(() => {
      // Whoever opened it is told; the next one tries anew.
      if (this.#open.get(connection) === opened) this.#open.delete(connection);
    });
    return opened.forward;
  }

  #close(connection: Connection): void {
    const known = this.#open.get(connection);
    this.#open.delete(connection);
    known?.forward.then(
      (forward) => forward.dispose(),
      // It never came to be: whoever opened it was told.
      () => undefined,
    );
  }
}

async function start(connection: Connection, door: Door & PodTarget): Promise<HttpForward> {
  // A bundle of its own, needed by whoever opens something in a pod.
  const { connectPod: connect, HttpForward: Forward } = await import("../../kube/streams/index.ts");
  const { service, namespace, pod, port } = door;
  const inCluster = ["", `.${namespace}`, `.${namespace}.svc`, `.${namespace}.svc.cluster.local`];
  const names = [...inCluster.map((rest) => `${service}${rest}`), pod, "localhost", "127.0.0.1"];
  return Forward.start({
    connect: toPod(connection, door, connect),
    ownHosts: names.flatMap((name) => [name, `${name}:${port}`]),
  });
}

/** Streams to a pod of the Service: the same one as long as it takes them, then whichever has its place. */
function toPod(
  connection: Connection,
  door: Door & PodTarget,
  connect: typeof connectPod,
): (signal: AbortSignal) => Promise<Duplex> {
  let known: PodTarget | undefined = door;
  const reach = async (signal: AbortSignal): Promise<Duplex> => {
    const target = known ?? (await readyPod(connection.client, door, signal)) ?? door;
    const stream = await connect({ connection, ...target, signal });
    known = target;
    stream.once("error", () => (known = undefined));
    return stream;
  };
  return async (signal) => {
    const isKnown = known !== undefined;
    try {
      return await reach(signal);
    } catch (error) {
      known = undefined;
      if (!isKnown || isCancelled(error)) throw error;
      return reach(signal);
    }
  };
}
