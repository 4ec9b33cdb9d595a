// Clusters on this computer: the tool's own files and the commands that make them.
import type { LocalWish, Wish } from "../../contract/wish.ts";
import { UserError } from "../../core/errors.ts";
import type { FileText } from "../../contract/preview.ts";

/** A program and its arguments; never a shell's line. */
export interface LocalCommand {
  readonly file: string;
  readonly args: readonly string[];
}

/** Patch releases of which an image of a kind node was seen; kind takes no shorter version. */
const KIND_NODES: Readonly<Record<string, string>> = { "1.34": "1.34.3", "1.35": "1.35.0", "1.36": "1.36.1" };

/** Commands that make the cluster, run in the folder of `localFiles`. None for microk8s: the one that is there is adopted as it is. */
export function createCommands(wish: Wish): readonly LocalCommand[] {
  const { tool, version, cpus, memoryGiB, diskGiB, gpus } = wish.local;
  switch (tool) {
    case "minikube": {
      const size = [`--cpus=${cpus}`, `--memory=${memoryGiB}g`, `--disk-size=${diskGiB}g`];
      const more = [
        ...(version === "" ? [] : [`--kubernetes-version=v${version}`]),
        // Only this driver with this runtime hands GPUs on.
        ...(gpus ? ["--gpus=all"] : []),
      ];
      const runtime = ["--driver=docker", "--container-runtime=docker"];
      return [{ file: tool, args: ["start", "-p", wish.name, ...runtime, ...size, ...more, "--interactive=false"] }];
    }
    case "k3d":
      return [{ file: tool, args: ["cluster", "create", "--config", "k3d.yaml"] }];
    case "kind":
      return [
        { file: tool, args: ["create", "cluster", "--name", wish.name, "--config", "kind.yaml", "--wait", "5m"] },
      ];
    case "microk8s":
      return [];
  }
}

/** The command that takes the cluster away again; none for a microk8s, which was there before. */
export function deleteCommand(wish: Wish): LocalCommand | undefined {
  switch (wish.local.tool) {
    case "minikube":
      return { file: "minikube", args: ["delete", "-p", wish.name] };
    case "k3d":
      return { file: "k3d", args: ["cluster", "delete", wish.name] };
    case "kind":
      return { file: "kind", args: ["delete", "cluster", "--name", wish.name] };
    case "microk8s":
      return undefined;
  }
}

/**
 * Configuration files that the commands name, and a README with the commands. Throws UserError `volume-text` for a folder
 * with control characters in its name.
 */
export function localFiles(wish: Wish): readonly FileText[] {
  const { tool } = wish.local;
  const end = deleteCommand(wish);
  const readme = `# A cluster for Kubeflow on this computer

${end === undefined ? "The microk8s that is there is used as it is: nothing is made, and nothing is to be taken away.\n" : `Made with ${tool} and Docker. In this folder:\n\n${fenced(createCommands(wish))}\nAnd away again, with everything in it:\n\n${fenced([end])}`}`;
  return [
    ...(tool === "kind" ? [{ name: "kind.yaml", text: kind(wish.local) }] : []),
    ...(tool === "k3d" ? [{ name: "k3d.yaml", text: k3d(wish.name, wish.local) }] : []),
    { name: "README.md", text: readme },
  ];
}

/** Commands as a person may paste them into a POSIX shell. */
function fenced(commands: readonly LocalCommand[]): string {
  const quoted = (word: string) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`);
  const lines = commands.map(({ file, args }) => [file, ...args].map(quoted).join(" "));
  return `\`\`\`sh\n${lines.join("\n")}\n\`\`\`\n`;
}

/** As Kubeflow's own tests make their cluster, with one node: community-distribution tests/install_KinD….sh. */
function kind({ version }: LocalWish): string {
  const image =
    version === "" ? "" : `    image: ${yaml(`kindest/node:v${KIND_NODES[version] ?? patched(version)}`)}\n`;
  return `kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
  - role: control-plane
${image}# Istio checks the tokens of pods, which have to name an issuer.
kubeadmConfigPatches:
  - |
    apiVersion: kubeadm.k8s.io/v1beta4
    kind: ClusterConfiguration
    apiServer:
      extraArgs:
        - name: service-account-issuer
          value: https://kubernetes.default.svc
        - name: service-account-signing-key-file
          value: /etc/kubernetes/pki/sa.key
`;
}

/** Fields: k3d.io, usage/configfile (k3d.io/v1alpha5). */
function k3d(name: string, { version, memoryGiB, gpus, registry, volume }: LocalWish): string {
  // A minor version alone follows k3s' channel of that name; k3d finds the newest image of it.
  const image = /^\d+\.\d+$/.test(version) ? `+v${version}` : `rancher/k3s:v${version}-k3s1`;
  const nodes = '["server:*", "agent:*"]';
  const parts = [
    `apiVersion: k3d.io/v1alpha5\nkind: Simple\nmetadata:\n  name: ${yaml(name)}\nservers: 1\nagents: 0`,
    ...(version === "" ? [] : [`image: ${yaml(image)}`]),
    ...(registry
      ? [
          `# Every node finds the images that are pushed here.\nregistries:\n  create:\n    name: ${yaml(`${name}-registry`)}`,
        ]
      : []),
    ...(volume === ""
      ? []
      : [`volumes:\n  - volume: ${yaml(`${printable(volume)}:/data`)}\n    nodeFilters: ${nodes}`]),
    `options:
  k3d:
    wait: true
    timeout: 300s
  # Kubeflow brings a gateway of its own.
  k3s:
    extraArgs:
      - arg: --disable=traefik
        nodeFilters: ["server:*"]
  # The kubeconfig is asked for afterwards; the person's own stays as it is.
  kubeconfig:
    updateDefaultKubeconfig: false
    switchCurrentContext: false
  runtime:
    serversMemory: ${memoryGiB}g`,
    ...(gpus ? ["    gpuRequest: all"] : []),
  ];
  return `${parts.join("\n")}\n`;
}

function patched(version: string): string {
  return /^\d+\.\d+$/.test(version) ? `${version}.0` : version;
}

function printable(text: string): string {
  // eslint-disable-next-line no-control-regex -- control characters are what this looks for
  if (/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/.test(text))
    throw new UserError("volume-text", "The folder's name has a character in it that cannot be printed.");
  return text;
}

/** A string of YAML: JSON's are. */
function yaml(text: string): string {
  return JSON.stringify(text);
}
