// Starts Kubeflow Pipelines: MariaDB and an object store, for each installation the API server, the persistence agent
// and the controller of schedules as processes of their own accounts, the relay pods, and the stand-in for Argo.
import fs from "node:fs";
import net from "node:net";
import path from "node:path";
import { run } from "../../../scripts/steps.mjs";
import type { Api } from "../api.ts";
import { API_PORT, NODE_ADDRESS } from "../layout.ts";
import { runtimePaths } from "../parts/debian.ts";
import { readObjects } from "../parts/manifests.ts";
import { mariadbOptions } from "../parts/pipelines.ts";
import { PIPELINES } from "../versions.ts";
import { ArgoStandIn } from "./argoStandIn.ts";
import { INSTALLATIONS, pipelineNamespaces, pipelineObjects } from "./pipelineObjects.ts";
import type { Installation } from "./pipelineObjects.ts";
import { until } from "./processes.ts";
import { accountToken, answersOk, applyObjects } from "./run-controller.ts";
import type { ControllerPlace } from "./run-controller.ts";
import type { PipelinesParts } from "./talk.ts";

export const DATABASE_PORT = 13306;
export const STORE_PORT = 19000;
const AUDIENCE = "pipelines.kubeflow.org";

export interface PipelinesPlace extends ControllerPlace {
  /** Id of the user that `runAs` names. */
  readonly user: number;
  /** Told what is ready. */
  readonly step: (text: string) => void;
}

export async function startPipelines(place: PipelinesPlace, parts: PipelinesParts): Promise<void> {
  const { api, processes, step } = place;
  processes.start("gofakes3", parts.objectStore, ["-backend", "memory", "-host", `${NODE_ADDRESS}:${STORE_PORT}`]);
  await Promise.all([startDatabase(place, parts), objects(place, parts)]);
  step("pipelines: database and objects ready");
  new ArgoStandIn(api, step).start();
  await Promise.all(INSTALLATIONS.map((installation) => startInstallation(place, parts, installation)));
  step("pipelines: programs ready");
  await Promise.all(INSTALLATIONS.map((installation) => answers(place, installation)));
  step("pipelines ready");
}

/** Resolves when it is reached as people reach it. */
export function answers({ api }: ControllerPlace, { namespace }: Installation): Promise<void> {
  const health = `/api/v1/namespaces/${namespace}/services/ml-pipeline:8888/proxy/apis/v2beta1/healthz`;
  return until(`ml-pipeline in ${namespace} answers`, 60, async () => (await api.send("GET", health)).code === 200);
}

async function objects({ api }: ControllerPlace, parts: PipelinesParts): Promise<void> {
  await applyObjects(api, [...pipelineNamespaces(), ...readObjects(parts.manifests), ...pipelineObjects()]);
  await Promise.all(INSTALLATIONS.map((installation) => forgetRuns(api, installation)));
}

/** The database is new: what an earlier life left of its runs and schedules belongs to nobody. */
export async function forgetRuns(api: Api, { runs }: Installation): Promise<void> {
  for (const kind of [
    "kubeflow.org/v1beta1/namespaces/RUNS/scheduledworkflows",
    "argoproj.io/v1alpha1/namespaces/RUNS/workflows",
  ])
    await api.send("DELETE", `/apis/${kind.replace("RUNS", runs)}`);
}

async function startDatabase({ folder, processes, runAs, user }: PipelinesPlace, parts: PipelinesParts): Promise<void> {
  const own = path.join(folder, "database");
  fs.rmSync(own, { recursive: true, force: true });
  await run("cp", ["-a", parts.data, own]);
  await run("chown", ["-R", String(user), own]);
  const [first, ...rest] = [...runAs, path.join(parts.mariadb, "usr/sbin/mariadbd")];
  const network = ["--bind-address=127.0.0.1", `--port=${DATABASE_PORT}`, "--socket=", "--skip-name-resolve"];
  const libraries = runtimePaths(path.dirname(parts.mariadb)).libraries.join(path.delimiter);
  const options = mariadbOptions(parts.mariadb, own);
  processes.start("mariadb", first, [...rest, ...options, ...network], { LD_LIBRARY_PATH: libraries });
  await until("MariaDB listens", 30, () => listens(DATABASE_PORT));
}

/** @param env more for its API server */
export async function startInstallation(
  place: PipelinesPlace,
  parts: PipelinesParts,
  own: Installation,
  env: Record<string, string> = {},
): Promise<void> {
  const { namespace, http, rpc, runs, multiUser } = own;
  const folder = path.join(place.folder, `pipelines-${namespace}`);
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "config.json"), JSON.stringify(configuration(own)));
  fs.writeFileSync(path.join(folder, "samples.json"), "[]");
  const flags = [`--config=${folder}`, `--sampleconfig=${folder}/samples.json`, "-logtostderr=true"];
  const ports = [`--rpcPortFlag=:${rpc}`, `--httpPortFlag=${NODE_ADDRESS}:${http}`];
  await startInCluster(place, own, "ml-pipeline", parts.apiServer, [...flags, ...ports], {
    ...(multiUser ? { MULTIUSER: "true", KUBEFLOW_USERID_HEADER: "kubeflow-userid", KUBEFLOW_USERID_PREFIX: "" } : {}),
    COMMIT_SHA: PIPELINES.module.slice(-12),
    TAG_NAME: PIPELINES.release,
    // It will not start without them; there is no such server.
    ML_PIPELINE_VISUALIZATIONSERVER_SERVICE_HOST: "127.0.0.1",
    ML_PIPELINE_VISUALIZATIONSERVER_SERVICE_PORT: "1",
    ...env,
  });
  const health = `http://${NODE_ADDRESS}:${http}/apis/v2beta1/healthz`;
  await until(`the API server of ${namespace}`, 60, () => answersOk(health));
  const server = [`--mlPipelineAPIServerName=${NODE_ADDRESS}`, `--mlPipelineServiceHttpPort=${http}`];
  const rates = [`--namespace=${runs}`, "--clientQPS=50", "--clientBurst=100"];
  await startInCluster(place, own, "ml-pipeline-persistenceagent", parts.agent, [
    ...server,
    `--mlPipelineServiceGRPCPort=${rpc}`,
    ...rates,
  ]);
  await startInCluster(place, own, "ml-pipeline-scheduledworkflow", parts.schedules, rates);
}

function configuration({ database, multiUser }: Installation): object {
  const user = { User: "kfp", Password: "kfp" };
  return {
    DBDriverName: "mysql",
    DBConfig: {
      MySQLConfig: {
        DBName: database,
        GroupConcatMaxLen: "4194304",
        Host: "127.0.0.1",
        Port: String(DATABASE_PORT),
        ...user,
      },
      ConMaxLifeTime: "120s",
    },
    ObjectStoreConfig: {
      AccessKey: "minio",
      SecretAccessKey: "minio123",
      BucketName: database,
      PipelinePath: "pipelines",
      Host: NODE_ADDRESS,
      Port: String(STORE_PORT),
      Region: "us-east-1",
      Secure: "false",
    },
    ARCHIVE_CONFIG_LOG_FILE_NAME: "main.log",
    ARCHIVE_CONFIG_LOG_PATH_PREFIX: "/artifacts",
    InitConnectionTimeout: "1m",
    // As upstream's manifests say for either kind of installation.
    DEFAULTPIPELINERUNNERSERVICEACCOUNT: multiUser ? "default-editor" : "pipeline-runner",
    CacheEnabled: "false",
    CRON_SCHEDULE_TIMEZONE: "UTC",
    ClientQPS: 50,
    ClientBurst: 100,
  };
}

/** These programs know only how a pod reaches the API server: each sees the folders of its ServiceAccount's tokens. */
export async function startInCluster(
  place: ControllerPlace,
  { namespace }: Installation,
  account: string,
  program: string,
  flags: readonly string[],
  env: Record<string, string> = {},
): Promise<void> {
  const name = `${namespace}-${account}`;
  const own = path.join(place.folder, name);
  const files = {
    "kubernetes.io/serviceaccount/token": await accountToken(place.api, namespace, account),
    "kubernetes.io/serviceaccount/ca.crt": place.authority,
    "kubernetes.io/serviceaccount/namespace": namespace,
    "kubeflow/tokens/persistenceagent-sa-token": await accountToken(place.api, namespace, account, [AUDIENCE]),
  };
  for (const [file, content] of Object.entries(files)) {
    fs.mkdirSync(path.dirname(path.join(own, file)), { recursive: true });
    fs.writeFileSync(path.join(own, file), content, { mode: 0o600 });
  }
  const secrets = "/var/run/secrets";
  fs.mkdirSync(secrets, { recursive: true });
  const mount = ["sh", "-c", 'mount --bind "$0" "$1" && shift && exec "$@"', own, secrets];
  const covered = ["--mount", "--propagation", "private", ...mount];
  place.processes.start(name, "unshare", [...covered, ...place.runAs, program, ...flags], {
    // That of whoever started the sandbox is none of theirs.
    KUBECONFIG: "",
    KUBERNETES_SERVICE_HOST: "127.0.0.1",
    KUBERNETES_SERVICE_PORT: String(API_PORT),
    POD_NAMESPACE: namespace,
    ...env,
  });
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = net.connect(port, "127.0.0.1");
    socket.once("connect", () => {
      socket.destroy();
      resolve(true);
    });
    socket.once("error", () => resolve(false));
  });
}
