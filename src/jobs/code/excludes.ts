// What never travels to a cluster unless the person says so, as patterns of a .gitignore.
import ignore from "ignore";

/** Files that give access to something. Left out even where git knows them. */
const SECRETS = [
  ".env",
  ".env.*",
  "!.env.example",
  "!.env.template",
  "*.pem",
  "*.key",
  "*.p12",
  "*.pfx",
  "*.jks",
  "*.kubeconfig",
  "kubeconfig",
  "id_rsa*",
  "id_ecdsa*",
  "id_ed25519*",
  ".netrc",
  ".npmrc",
  ".pypirc",
  ".git-credentials",
  ".ssh/",
  ".aws/",
  ".azure/",
  ".kube/",
  ".docker/",
  ".gnupg/",
  ".config/gcloud/",
  "kaggle.json",
  "*credentials*.json",
  "*service[-_]account*.json",
  "*.tfstate*",
];

/** Other people's code, caches, and what editors and tools keep for themselves. */
const TOOLS = [
  ".git",
  ".hg/",
  ".svn/",
  ".venv/",
  "venv/",
  "env/",
  "node_modules/",
  "site-packages/",
  "__pycache__/",
  "*.py[co]",
  ".ipynb_checkpoints/",
  ".cache/",
  ".tox/",
  ".nox/",
  ".mypy_cache/",
  ".pytest_cache/",
  ".ruff_cache/",
  ".terraform/",
  ".idea/",
  ".DS_Store",
  "*.egg-info/",
];

/** Results and data: large, and made again or kept elsewhere. What git tracks of them travels. */
const RESULTS = [
  "build/",
  "dist/",
  "wandb/",
  "mlruns/",
  "lightning_logs/",
  "runs/",
  "outputs/",
  "checkpoints/",
  "data/",
  "datasets/",
  "*.pt",
  "*.pth",
  "*.ckpt",
  "*.safetensors",
  "*.onnx",
  "*.h5",
  "*.parquet",
  "*.tfrecord",
  "*.npy",
  "*.npz",
  "*.zip",
  "*.tar",
  "*.tar.*",
  "*.tgz",
];

export const IGNORE_FILE = ".trainyardignore";

/** Why a path stays here; undefined where it travels. `path` is POSIX, relative to the root. */
export type Excludes = (path: string, isTracked: boolean) => string | undefined;

/** `own` is the text of the root's .trainyardignore: its `!` takes back what stands above it. */
export function excludes(own: string): Excludes {
  if (own.trim() === "") return (path, isTracked) => reasonOf(path, isTracked, MATCHERS);
  const rules = (patterns: readonly string[]): Matches => {
    const all = ignore().add(patterns).add(own);
    return (path) => all.ignores(path);
  };
  const mine = ignore().add(own);
  const matchers = { secrets: rules(SECRETS), tools: rules(TOOLS), results: rules(RESULTS) };
  return (path, isTracked) => (mine.ignores(path) ? IGNORE_FILE : reasonOf(path, isTracked, matchers));
}

type Matches = (path: string) => boolean;
type Matchers = Readonly<Record<"secrets" | "tools" | "results", Matches>>;

function reasonOf(path: string, isTracked: boolean, { secrets, tools, results }: Matchers): string | undefined {
  if (secrets(path)) return "may hold a key or a password";
  if (tools(path)) return "made by tools";
  return !isTracked && results(path) ? "data or results" : undefined;
}

/**
 * Our own patterns as one expression each: they name files and folders at any depth, and for twenty thousand paths a
 * reader of .gitignore takes longer than all the rest.
 */
function matcher(patterns: readonly string[]): Matches {
  const glob = (pattern: string): string =>
    pattern
      .replace(/[.+^${}()|\\]/g, "\\$&")
      .replaceAll("*", "[^/]*")
      .replace(/\/$/, "/");
  const any = (list: readonly string[]): RegExp =>
    new RegExp(
      `(?:^|/)(?:${list.map((pattern) => (pattern.endsWith("/") ? glob(pattern) : `${glob(pattern)}(?:/|$)`)).join("|")})`,
      // As on the disks of many, and as the reader of .gitignore has it.
      "i",
    );
  const taken = patterns.filter((pattern) => pattern.startsWith("!")).map((pattern) => pattern.slice(1));
  const left = any(patterns.filter((pattern) => !pattern.startsWith("!")));
  const kept = taken.length === 0 ? undefined : any(taken);
  return (path) => left.test(path) && kept?.test(path) !== true;
}

const MATCHERS: Matchers = { secrets: matcher(SECRETS), tools: matcher(TOOLS), results: matcher(RESULTS) };
