// Every word that the page says by itself. What depends on a cluster comes from the extension.
import type { NotebookField, NotebookForm } from "../../src/contract/notebookForm.ts";
import type { FieldWords } from "../ui/form/fields.ts";

const LIMIT = "a bit more than asked";

export const FIELDS: Readonly<Record<NotebookField, FieldWords>> = {
  name: { label: "Name" },
  server: { label: "Server" },
  image: { label: "Image" },
  cpu: { label: "CPU", example: "such as 4 or 500m" },
  memory: { label: "Memory", example: "such as 16Gi" },
  cpuLimit: { label: "CPU at most", example: LIMIT },
  memoryLimit: { label: "Memory at most", example: LIMIT },
  gpus: { label: "GPUs", example: "none" },
  gpuVendor: { label: "GPU vendor" },
  workspace: { label: "Home folder" },
  workspaceName: { label: "Name of its volume", example: "from the notebook’s" },
  workspaceSize: { label: "Size", example: "such as 10Gi" },
  workspaceClass: { label: "Storage class", example: "the cluster’s default" },
  workspaceClaim: { label: "Volume claim" },
  workspacePath: { label: "Path" },
  volumes: {
    label: "More volumes",
    hint: "One a line: claim:/path, with :ro where it is only read; or a new one, name=10Gi:/path, name=10Gi/class:/path, with :rwx where many nodes share it. {notebook-name} stands for the name.",
    example: "claim:/home/jovyan/data",
  },
  shm: { label: "Shared memory, as PyTorch’s data loaders need it" },
  configurations: { label: "Configurations", hint: "Pod defaults of the namespace, which add to its pod." },
  tolerations: { label: "Nodes with taints" },
  affinity: { label: "Placement" },
  env: { label: "Variables", hint: "One a line; NAME=secret:name/key for one of a Secret.", example: "NAME=value" },
  serviceAccount: { label: "Service account", example: "default" },
};

export const SERVERS: readonly { readonly value: NotebookForm["server"]; readonly label: string }[] = [
  { value: "jupyter", label: "JupyterLab" },
  { value: "group-one", label: "code-server" },
  { value: "group-two", label: "RStudio" },
];

export const WORKSPACES: readonly { readonly value: NotebookForm["workspace"]; readonly label: string }[] = [
  { value: "new", label: "On a new volume" },
  { value: "existing", label: "On a volume that is there" },
  { value: "none", label: "On none: it goes with the pod" },
];

export const WORDS = {
  none: "none",
  title: "New notebook",
  reading: "Reading what the cluster offers",
  like: "Like",
  likeNone: "as the cluster offers it",
  left: (name: string): string => `Not taken over from ${name}`,
  parts: { what: "Notebook", size: "Size", storage: "Storage", pod: "Environment", nodes: "Nodes" },
  default: "the cluster’s default",
  account: "the namespace’s default",
  run: "Create",
  runAnyway: "Create Anyway",
  running: "Creating…",
} as const;
