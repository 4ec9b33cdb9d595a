// What the pipelines part is made of: the programs of Kubeflow Pipelines, an object store, MariaDB from Debian's
// packages with an empty database, and upstream's manifests as far as they concern these programs.
import fs from "node:fs";
import path from "node:path";
import { cached } from "../../../scripts/cache.mjs";
import { run } from "../../../scripts/steps.mjs";
import type { KubeObject } from "../api.ts";
import type { PipelinesParts } from "../inside/talk.ts";
import type { Progress } from "../progress.ts";
import { GOFAKES3, PIPELINES } from "../versions.ts";
import { runtimePaths, unpackPackages } from "./debian.ts";
import { moduleFolder, publishedProgram, toolProgram } from "./golang.ts";
import { parseObjects } from "./manifests.ts";

const MODULE = "github.com/kubeflow/pipelines";
const SOURCE = `${MODULE}/backend/src`;
/** Without SQLite, whose C code takes longer than all the rest: go.mod says how. */
const NO_SQLITE = ["nosqlite/go.mod", "nosqlite/sqlite3.go"];

/** @param folder of its main package, below the backend's sources */
export function pipelinesProgram(name: string, folder: string): Promise<string> {
  return toolProgram(name, `${SOURCE}/${folder}`, "pipelines", { replacements: NO_SQLITE });
}

export async function buildPipelines(progress: Progress): Promise<PipelinesParts> {
  const database = await progress.step("unpacking MariaDB", mariadb);
  const programs = await progress.step("compiling Kubeflow Pipelines", async () => ({
    apiServer: await pipelinesProgram("pipelines-api", "apiserver"),
    agent: await pipelinesProgram("pipelines-agent", "agent/persistence"),
    schedules: await pipelinesProgram("pipelines-schedules", "crd/controller/scheduledworkflow"),
    objectStore: await publishedProgram("gofakes3", "github.com/johannesboyne/gofakes3/cmd/gofakes3", GOFAKES3),
  }));
  const manifests = await progress.step("collecting the manifests of Kubeflow Pipelines", pipelinesManifests);
  return { ...programs, ...database, manifests };
}

/** Options that both the server and the making of its first database need. @param root where the packages are */
export function mariadbOptions(root: string, data: string): string[] {
  return [
    "--no-defaults",
    `--basedir=${root}/usr`,
    `--lc-messages-dir=${shareOf(root)}`,
    `--datadir=${data}`,
    "--innodb-log-file-size=8M",
    "--innodb-buffer-pool-size=64M",
    // It need not outlive a power cut.
    "--innodb-flush-log-at-trx-commit=0",
  ];
}

/** Messages and tables; newer releases call the folder after the program. */
function shareOf(root: string): string {
  const folders = ["mariadb", "mysql"].map((name) => path.join(root, "usr/share", name));
  return folders.find((folder) => fs.existsSync(path.join(folder, "english"))) ?? root;
}

/** @returns the folder of the packages, and one with an empty database and the user `kfp` to be copied */
async function mariadb(): Promise<{ mariadb: string; data: string }> {
  const release = fs.readFileSync("/etc/os-release", "utf8");
  const dir = await cached("mariadb", { release, recipe: 1 }, async (into) => {
    await unpackPackages(into, mariadbPackages);
    const [root, data] = [path.join(into, "root"), path.join(into, "data")];
    fs.mkdirSync(data);
    const [tables] = fs.globSync("{mysql,mariadb}_system_tables.sql", { cwd: shareOf(root) });
    if (tables === undefined) throw new Error(`MariaDB's packages have no file of its own tables in ${shareOf(root)}.`);
    // In this mode the server reads statements, one a line where they do not end in the file's own way.
    const statements = [
      "create database mysql;",
      "use mysql;",
      fs.readFileSync(path.join(shareOf(root), tables), "utf8"),
      "flush privileges;",
      "create user kfp@'%' identified by 'kfp';",
      "grant all on *.* to kfp@'%';",
    ];
    await run(
      path.join(root, "usr/sbin/mariadbd"),
      [...mariadbOptions(root, data), "--user=root", "--bootstrap", "--skip-networking"],
      {
        input: `${statements.join("\n")}\n`,
        env: { LD_LIBRARY_PATH: runtimePaths(into).libraries.join(path.delimiter) },
      },
    );
  });
  return { mariadb: path.join(dir, "root"), data: path.join(dir, "data") };
}

/** The server and those of its libraries that a small machine lacks; their names differ from release to release. */
async function mariadbPackages(): Promise<readonly string[]> {
  const server = "mariadb-server-core";
  const said = await run("apt-cache", ["depends", server], { env: { LC_ALL: "C" } });
  return [server, ...[...said.matchAll(/Depends: (lib(?:aio|numa|uring)\S*)$/gm)].map((match) => match[1] ?? "")];
}

/** Of the installation for one person, in `kubeflow`, and of that for many, in `kubeflow-multi-user`. */
const BASE = "manifests/kustomize/base";
const ACCOUNTS = ["apiserver-sa", "apiserver-service", "persistenceagent-sa", "scheduledworkflow-sa"];
const ROLES = ["apiserver", "persistenceagent", "scheduledworkflow"].flatMap((name) => [
  `${name}-role`,
  `${name}-rolebinding`,
]);
const ownFile = (name: string) => `${BASE}/pipeline/ml-pipeline-${name}.yaml`;
const RUNNER = ["sa", "role", "rolebinding"].map((what) => `${BASE}/pipeline/pipeline-runner-${what}.yaml`);
/** Files of an installation for one person. */
export const ONE_PERSON = [...[...ACCOUNTS, ...ROLES].map(ownFile), ...RUNNER];
const MULTI_USER = `${BASE}/installs/multi-user`;
const CLUSTER_ROLES = ["api-service", "persistence-agent", "scheduled-workflow"].flatMap((folder) =>
  ["cluster-role", "cluster-role-binding"].map((file) => `${MULTI_USER}/${folder}/${file}.yaml`),
);
const ARGO = "manifests/kustomize/third-party/argo/upstream/manifests/base/crds/minimal";

/** Upstream's module, and what reads the objects of one of its files. */
export async function pipelinesModule(): Promise<{ folder: string; read: (name: string) => KubeObject[] }> {
  const folder = await moduleFolder(MODULE, PIPELINES.module);
  return { folder, read: (name) => parseObjects(fs.readFileSync(path.join(folder, name), "utf8")) };
}

/** Path of all objects, as one JSON list. */
async function pipelinesManifests(): Promise<string> {
  const file = "objects.json";
  const dir = await cached("manifests-pipelines", { PIPELINES, recipe: 1 }, async (into) => {
    const { folder, read } = await pipelinesModule();
    const argo = fs.readdirSync(path.join(folder, ARGO)).filter((name) => name.startsWith("argoproj.io_"));
    const definitions = [
      `${BASE}/pipeline/cluster-scoped/scheduled-workflow-crd.yaml`,
      ...argo.map((name) => `${ARGO}/${name}`),
    ];
    const many = [...ACCOUNTS.map(ownFile), ...CLUSTER_ROLES, `${MULTI_USER}/view-edit-cluster-roles.yaml`];
    const objects = [
      ...definitions.flatMap(read),
      ...ONE_PERSON.flatMap(read).map((object) => inNamespace(object, "kubeflow")),
      ...many.flatMap(read).map((object) => inNamespace(object, "kubeflow-multi-user")),
    ];
    fs.writeFileSync(path.join(into, file), JSON.stringify(objects));
  });
  return path.join(dir, file);
}

/** What kustomize does with its `namespace`. */
export function inNamespace(object: KubeObject, namespace: string): KubeObject {
  const own = object.kind.startsWith("Cluster") ? object.metadata : { ...object.metadata, namespace };
  const subjects: unknown = object["subjects"];
  if (!Array.isArray(subjects)) return { ...object, metadata: own };
  return { ...object, metadata: own, subjects: subjects.map((subject: object) => ({ ...subject, namespace })) };
}
