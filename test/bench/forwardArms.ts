// Our two arms of the forward benchmark, in a process of their own as kubectl is: the tools that a benchmark loads make
// each collection of garbage longer than an extension's would be. Ends when nobody writes to it any more.
import { once } from "node:events";
import net from "node:net";
import process from "node:process";
import { pipeline } from "node:stream";
import { connectPod, HttpForward } from "../../src/kube/streams/index.ts";
import { Cleanup, openRig } from "../cluster/support.ts";
import { PROBE_MARK } from "./listsResult.ts";

export interface ArmsOrder {
  readonly kubeconfig: string;
  readonly namespace: string;
  readonly pod: string;
  /** Of the pod. */
  readonly port: number;
}

/** Ports of 127.0.0.1, and what the proxy lets in. */
export interface Arms {
  readonly raw: number;
  readonly proxy: number;
  readonly secret: string;
}

const { kubeconfig, ...target } = JSON.parse(process.argv[2] ?? "{}") as ArmsOrder;
const cleanup = new Cleanup();
const rig = await openRig(cleanup, kubeconfig);
const { connection } = rig.engine.cluster(rig.context);
const over = new AbortController();
const toPod = (signal: AbortSignal): ReturnType<typeof connectPod> => connectPod({ connection, ...target, signal });

const server = net.createServer({ noDelay: true }, (socket) => {
  toPod(over.signal).then(
    (stream) => pipeline(socket, stream, socket, () => undefined),
    () => socket.destroy(),
  );
});
server.listen(0, "127.0.0.1");
await once(server, "listening");
const forward = await HttpForward.start({ connect: toPod });

const raw = (server.address() as net.AddressInfo).port;
const arms: Arms = { raw, proxy: forward.port, secret: forward.secret };
console.log(`${PROBE_MARK}${JSON.stringify(arms)}`);
await once(process.stdin.resume(), "end");
over.abort();
server.close();
forward.dispose();
await cleanup.run();
