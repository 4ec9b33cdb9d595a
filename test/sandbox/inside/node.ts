// Command lines and settings of the node: containerd, kubelet, kube-proxy, and DNS for its pods.
import fs from "node:fs";
import path from "node:path";
import { stringify } from "yaml";
import { DNS_ADDRESS, NODE_ADDRESS, NODE_NAME, POD_RANGE } from "../layout.ts";
import { IMAGES } from "../versions.ts";

export const CONTAINERD_SOCKET = "/run/containerd/containerd.sock";

/** @param folder that the settings are written to @param cni folder of the network plugins */
export function containerd(folder: string, cni: string, snapshotter: string): string[] {
  const networks = path.join(folder, "cni");
  fs.mkdirSync(networks, { recursive: true });
  fs.writeFileSync(path.join(networks, "10-sandbox.conflist"), JSON.stringify(podNetwork()));
  const file = path.join(folder, "containerd.toml");
  fs.writeFileSync(
    file,
    `version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
disabled_plugins = ["io.containerd.internal.v1.opt"]
[grpc]
  address = "${CONTAINERD_SOCKET}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "${IMAGES.pause}"
  disable_apparmor = true
  # Where CAP_SYS_RESOURCE is missing, lowering oom_score_adj fails, and runc with it: the pause container wants -998.
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = ${JSON.stringify(cni)}
    conf_dir = ${JSON.stringify(networks)}
  [plugins."io.containerd.grpc.v1.cri".containerd]
    snapshotter = "${snapshotter}"
    default_runtime_name = "runc"
    [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
      runtime_type = "io.containerd.runc.v2"
      [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
        SystemdCgroup = false
`,
  );
  return ["-c", file];
}

function podNetwork(): object {
  const ipam = {
    type: "host-local",
    ranges: [[{ subnet: POD_RANGE, gateway: NODE_ADDRESS }]],
    dataDir: "/run/cni-addresses",
  };
  return {
    cniVersion: "1.0.0",
    name: "sandbox",
    plugins: [
      // Without a default route pods cannot reach Service addresses; place.ts keeps them on the machine.
      {
        type: "bridge",
        bridge: "cni0",
        isGateway: true,
        isDefaultGateway: true,
        hairpinMode: true,
        ipMasq: false,
        ipam,
      },
      { type: "portmap", capabilities: { portMappings: true } },
    ],
  };
}

export function kubelet(folder: string, kubeconfig: string, pki: string, cgroup: string): string[] {
  const resolver = path.join(folder, "resolv.conf");
  fs.writeFileSync(resolver, ""); // Pods ask the cluster's DNS only.
  const file = path.join(folder, "kubelet.yaml");
  const settings = {
    apiVersion: "kubelet.config.k8s.io/v1beta1",
    kind: "KubeletConfiguration",
    address: NODE_ADDRESS,
    cgroupDriver: "cgroupfs",
    cgroupRoot: `/${cgroup}`,
    failSwapOn: false,
    // Else a Secret that is filled after the pod has begun reaches it a minute later: webhooks wait for theirs.
    syncFrequency: "5s",
    failCgroupV1: false,
    containerRuntimeEndpoint: `unix://${CONTAINERD_SOCKET}`,
    clusterDNS: [DNS_ADDRESS],
    clusterDomain: "cluster.local",
    resolvConf: resolver,
    authentication: {
      anonymous: { enabled: false },
      webhook: { enabled: true },
      x509: { clientCAFile: path.join(pki, "ca.crt") },
    },
    authorization: { mode: "Webhook" },
    tlsCertFile: path.join(pki, "kubelet-serving.crt"),
    tlsPrivateKeyFile: path.join(pki, "kubelet-serving.key"),
    evictionHard: { "memory.available": "100Mi", "nodefs.available": "1%", "imagefs.available": "1%" },
    // Else a full disk makes it remove images that no registry can bring back.
    imageGCHighThresholdPercent: 100,
    imageGCLowThresholdPercent: 99,
    volumePluginDir: "/var/lib/kubelet/volume-plugins",
  };
  fs.writeFileSync(file, stringify(settings));
  return [
    "kubelet",
    `--config=${file}`,
    `--kubeconfig=${kubeconfig}`,
    `--hostname-override=${NODE_NAME}`,
    `--node-ip=${NODE_ADDRESS}`,
  ];
}

export function proxy(folder: string, kubeconfig: string): string[] {
  const file = path.join(folder, "proxy.yaml");
  const settings = {
    apiVersion: "kubeproxy.config.k8s.io/v1alpha1",
    kind: "KubeProxyConfiguration",
    mode: "iptables",
    clientConnection: { kubeconfig },
    clusterCIDR: POD_RANGE,
    bindAddress: NODE_ADDRESS,
    healthzBindAddress: "127.0.0.1:10256",
    metricsBindAddress: "127.0.0.1:10249",
    // Connection tracking limits belong to the machine.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: "0s", tcpCloseWaitTimeout: "0s" },
  };
  fs.writeFileSync(file, stringify(settings));
  return ["kube-proxy", `--config=${file}`, `--hostname-override=${NODE_NAME}`];
}

export function dns(folder: string, kubeconfig: string): string[] {
  const file = path.join(folder, "Corefile");
  fs.writeFileSync(
    file,
    `.:53 {
    bind ${NODE_ADDRESS}
    errors
    health 127.0.0.1:8053
    ready 127.0.0.1:8181
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        kubeconfig ${kubeconfig}
        pods insecure
        ttl 1
    }
    cache 1
}
`,
  );
  return ["-conf", file];
}
