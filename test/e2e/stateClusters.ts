// One kubeconfig with a context for each state that a cluster's row can be in.
import fs from "node:fs/promises";
import path from "node:path";
import { parse } from "yaml";
import { openDoor } from "../sandbox/placeholder.ts";
import { expiredPair } from "../cluster/certificate.ts";
import { FaultProxy } from "../cluster/faultProxy.ts";
import { type Cleanup, kubeconfigOf, serverOf, temporaryFolder } from "../cluster/support.ts";

const CERTIFICATES = path.join(import.meta.dirname, "..", "certificates");

interface Entry {
  readonly cluster: object;
  readonly user: object;
}

export interface Contexts {
  /** Path of the kubeconfig. */
  readonly file: string;
  /** What stands before the server of `stale-lab`. */
  readonly proxy: FaultProxy;
}

/** @param namespace of `few-rights`, which signs in by `token` */
export async function makeContexts(cleanup: Cleanup, namespace: string, token: string): Promise<Contexts> {
  const server = await serverOf(kubeconfigOf("admin"));
  const own = await entryOf(kubeconfigOf("admin"));
  const proxy = await FaultProxy.start(server);
  const silent = await FaultProxy.start(server);
  silent.blackhole(true);
  cleanup.add(() => proxy.stop());
  cleanup.add(() => silent.stop());
  const certificate = (file: string): Promise<string> => fs.readFile(path.join(CERTIFICATES, file), "utf8");
  const door = await openDoor({
    certificate: await certificate("server.pem"),
    key: await certificate("server.key"),
    port: 0,
    message: () => "the API server is starting: etcd is ready, 12 of 40 hooks have run",
  });
  cleanup.add(() => door.close());
  const base64 = (text: string | Buffer): string => Buffer.from(text).toString("base64");
  const foreign = base64(await certificate("ca.pem"));
  const late = await expiredPair(cleanup);
  const exec = { apiVersion: "client.authentication.k8s.io/v1", interactiveMode: "Never" };
  const failing = ["-c", "echo 'your session has ended, run corp-login' >&2; exit 1"];
  const contexts: Readonly<Record<string, Entry>> = {
    "ml-prod": own,
    "not-opened": own,
    "few-rights": { ...own, user: { token } },
    "stale-lab": { ...own, cluster: { ...own.cluster, server: proxy.address } },
    "slow-vpn": { ...own, cluster: { ...own.cluster, server: silent.address } },
    "old-token": { ...own, user: { token: "ended-yesterday" } },
    "old-certificate": {
      ...own,
      user: { "client-certificate-data": base64(late.cert), "client-key-data": base64(late.key) },
    },
    laptop: { ...own, cluster: { server: "https://127.0.0.1:1" } },
    "other-authority": { ...own, cluster: { server, "certificate-authority-data": foreign } },
    "no-program": {
      ...own,
      user: { exec: { ...exec, command: "corp-login", installHint: "Get it from your platform team." } },
    },
    "failing-program": { ...own, user: { exec: { ...exec, command: "/bin/sh", args: failing } } },
    building: {
      ...own,
      cluster: { server: `https://127.0.0.1:${door.port}`, "certificate-authority-data": foreign },
    },
  };
  const names = Object.entries(contexts);
  const file = path.join(await temporaryFolder(cleanup), "config");
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: names.map(([name, { cluster }]) => ({ name, cluster })),
    users: names.map(([name, { user }]) => ({ name, user })),
    contexts: names.map(([name]) => ({ name, context: { cluster: name, user: name, namespace } })),
  };
  await fs.writeFile(file, JSON.stringify(config), { mode: 0o600 });
  return { file, proxy };
}

async function entryOf(kubeconfig: string): Promise<Entry> {
  const { clusters, users } = parse(await fs.readFile(kubeconfig, "utf8")) as {
    clusters: [{ cluster: object }];
    users: [{ user: object }];
  };
  return { cluster: clusters[0].cluster, user: users[0].user };
}
