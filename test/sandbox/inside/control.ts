// Command lines of the control plane.
import path from "node:path";
import * as v from "valibot";
import { API_PORT, NODE_ADDRESS, SERVICE_RANGE } from "../layout.ts";

const ETCD = "http://127.0.0.1:2379";
const EtcdStatus = v.object({ header: v.object({ revision: v.string() }) });

export function etcd(): string[] {
  return [
    "etcd",
    "--data-dir=/var/lib/etcd",
    // The sandbox need not outlive a power cut, and this makes every write ten times as fast.
    "--unsafe-no-fsync",
    `--listen-client-urls=${ETCD}`,
    `--advertise-client-urls=${ETCD}`,
    "--listen-peer-urls=http://127.0.0.1:2380",
    "--log-level=warn",
  ];
}

/** Forgets the history of every object up to now, as etcd is told every five minutes (its JSON gateway, api/v3). */
export async function compact(): Promise<void> {
  const ask = (path: string, body: object): Promise<Response> =>
    fetch(ETCD + path, { method: "POST", body: JSON.stringify(body) });
  const { header } = v.parse(EtcdStatus, await (await ask("/v3/maintenance/status", {})).json());
  const answer = await (await ask("/v3/kv/compaction", { revision: header.revision, physical: true })).text();
  // Where nothing was written since the last time there is nothing to forget.
  if (answer.includes("error") && !answer.includes("has been compacted")) throw new Error(`etcd said: ${answer}`);
}

/** @param pki folder of the certificates */
export function apiServer(pki: string): string[] {
  const file = (name: string) => path.join(pki, name);
  return [
    "kube-apiserver",
    `--etcd-servers=${ETCD}`,
    `--secure-port=${API_PORT}`,
    "--bind-address=0.0.0.0",
    // Pods reach the API server at the bridge, which is also the node's address.
    `--advertise-address=${NODE_ADDRESS}`,
    `--service-cluster-ip-range=${SERVICE_RANGE}`,
    `--client-ca-file=${file("ca.crt")}`,
    `--tls-cert-file=${file("apiserver.crt")}`,
    `--tls-private-key-file=${file("apiserver.key")}`,
    "--service-account-issuer=https://kubernetes.default.svc.cluster.local",
    `--service-account-key-file=${file("service-accounts.pub")}`,
    `--service-account-signing-key-file=${file("service-accounts.key")}`,
    "--authorization-mode=Node,RBAC",
    "--enable-admission-plugins=NodeRestriction",
    "--allow-privileged=true",
    `--kubelet-client-certificate=${file("admin.crt")}`,
    `--kubelet-client-key=${file("admin.key")}`,
    `--kubelet-certificate-authority=${file("ca.crt")}`,
    "--kubelet-preferred-address-types=InternalIP",
    `--requestheader-client-ca-file=${file("ca.crt")}`,
    "--requestheader-allowed-names=front-proxy-client",
    "--requestheader-extra-headers-prefix=X-Remote-Extra-",
    "--requestheader-group-headers=X-Remote-Group",
    "--requestheader-username-headers=X-Remote-User",
    `--proxy-client-cert-file=${file("front-proxy.crt")}`,
    `--proxy-client-key-file=${file("front-proxy.key")}`,
    // Webhooks are called at their endpoints: the controllers behind them are processes beside the API server.
    "--enable-aggregator-routing=true",
  ];
}

export function controllerManager(kubeconfig: string, pki: string): string[] {
  const file = (name: string) => path.join(pki, name);
  return [
    "kube-controller-manager",
    `--kubeconfig=${kubeconfig}`,
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
    // The defaults would throttle thousands of fake pods.
    "--kube-api-qps=500",
    "--kube-api-burst=1000",
    "--use-service-account-credentials",
    `--service-account-private-key-file=${file("service-accounts.key")}`,
    `--root-ca-file=${file("ca.crt")}`,
    `--cluster-signing-cert-file=${file("ca.crt")}`,
    `--cluster-signing-key-file=${file("ca.key")}`,
    "--allocate-node-cidrs=false",
  ];
}

export function scheduler(kubeconfig: string): string[] {
  return [
    "kube-scheduler",
    `--kubeconfig=${kubeconfig}`,
    "--leader-elect=false",
    "--bind-address=127.0.0.1",
    "--kube-api-qps=1000",
    "--kube-api-burst=2000",
  ];
}
