// Pipelines, runs and schedules for tests: made through the REST API of Kubeflow Pipelines, which is reached as a person's
// editor reaches it, by a port-forward to a ready pod of its Service.
import { randomBytes } from "node:crypto";
import http from "node:http";
import process from "node:process";
import { stringify } from "yaml";
import * as v from "valibot";
import type { KubeObject } from "../../src/kube/objects.ts";
import { connectPod } from "../../src/kube/streams/portForward.ts";
import { until } from "../editor/until.ts";
import { type Cleanup, PYTHON, type Rig } from "./support.ts";

/** Where the sandbox has its two installations: for one person, and for many, who sign in with tokens. */
export const SINGLE_USER = "kubeflow";
export const MULTI_USER = "kubeflow-multi-user";
/** The namespace whose runs the second one carries out, and the account there that may have them made. */
export const PROFILE = { namespace: "team-a", account: "default-editor" } as const;

/** A suite that needs this part. It is left out, and says so in its title, where the ring was told to do without. */
export function describePipelines(title: string, body: () => void): void {
  if (process.env["TRAINYARD_PIPELINES"] !== "off") describe(title, body);
  else describe.skip(`${title} (skipped: TRAINYARD_PIPELINES=off left the pipelines out)`, body);
}

export interface Answer {
  readonly code: number;
  readonly body: unknown;
}

/** The API server of one installation, over a new port-forward for each request. */
export class PipelinesServer {
  readonly #rig: Rig;
  readonly #namespace: string;
  readonly #headers: Readonly<Record<string, string>>;

  constructor(rig: Rig, namespace: string = SINGLE_USER, headers: Readonly<Record<string, string>> = {}) {
    this.#rig = rig;
    this.#namespace = namespace;
    this.#headers = headers;
  }

  /** @param path below `/apis/v2beta1` @returns the body of a success, parsed */
  async get(path: string): Promise<unknown> {
    return success(await this.send("GET", path));
  }

  async post(path: string, body: object = {}): Promise<unknown> {
    return success(await this.send("POST", path, JSON.stringify(body), "application/json"));
  }

  /** One file in the field `uploadfile`, as the Kubeflow SDK sends it. */
  async upload(path: string, text: string): Promise<unknown> {
    const boundary = `trainyard-${randomBytes(8).toString("hex")}`;
    const head = `--${boundary}\r\nContent-Disposition: form-data; name="uploadfile"; filename="pipeline.yaml"\r\n\r\n`;
    const type = `multipart/form-data; boundary=${boundary}`;
    return success(await this.send("POST", path, `${head}${text}\r\n--${boundary}--\r\n`, type));
  }

  /** Resolves also where it is gone. */
  async remove(path: string): Promise<void> {
    const answer = await this.send("DELETE", path);
    if (answer.code !== 404) success(answer);
  }

  async send(method: string, path: string, body?: string, type?: string): Promise<Answer> {
    const ending = new AbortController();
    const stream = await connectPod({
      connection: this.#rig.engine.cluster(this.#rig.context).connection,
      namespace: this.#namespace,
      pod: await this.#readyPod(),
      port: 8888,
      signal: ending.signal,
    });
    try {
      const headers = { ...this.#headers, ...(type === undefined ? {} : { "content-type": type }) };
      return await exchange({ method, path: `/apis/v2beta1${path}`, headers, createConnection: () => stream }, body);
    } finally {
      ending.abort();
      stream.destroy();
    }
  }

  async #readyPod(): Promise<string> {
    const pods = `/api/v1/namespaces/${this.#namespace}/pods?labelSelector=app%3Dml-pipeline`;
    const { items } = v.parse(Pods, await this.#rig.client.json<unknown>({ method: "GET", path: pods }));
    const ready = items.find(({ status }) =>
      status.conditions?.some((condition) => condition.type === "Ready" && condition.status === "True"),
    );
    if (ready === undefined) throw new Error(`No pod of ml-pipeline in ${this.#namespace} is ready.`);
    return ready.metadata.name;
  }
}

const Pods = v.object({
  items: v.array(
    v.object({
      metadata: v.object({ name: v.string() }),
      status: v.object({ conditions: v.optional(v.array(v.object({ type: v.string(), status: v.string() }))) }),
    }),
  ),
});

function exchange(options: http.RequestOptions, body?: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request({ host: "ml-pipeline", ...options }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk: string) => (text += chunk));
      response.on("error", reject);
      response.on("end", () => resolve({ code: response.statusCode ?? 0, body: parsed(text) }));
    });
    request.on("error", reject);
    request.end(body);
  });
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

function success({ code, body }: Answer): unknown {
  if (code === 200) return body;
  throw new Error(`Kubeflow Pipelines answered with ${code}: ${JSON.stringify(body)}`);
}

/** What the two tasks of a pipeline run, as Python; `sys.argv[1]` is the run's parameter `message`. */
export interface Programs {
  readonly prepare?: string;
  readonly train?: string;
}

/** Name of a parameter of every pipeline here, and its default. */
export const PARAMETER = { name: "message", value: "nothing was said" } as const;

/** A pipeline of two tasks, of which `train` comes after `prepare`, in the form that the Kubeflow SDK compiles to. */
export function twoTasks(name: string, programs: Programs = {}): string {
  const tasks = { prepare: "print('prepared')", train: "import sys; print(sys.argv[1])", ...programs };
  const placeholder = `{{$.inputs.parameters['${PARAMETER.name}']}}`;
  const each = <T>(make: (task: string, program: string) => [string, T]): Record<string, T> =>
    Object.fromEntries(Object.entries(tasks).map(([task, program]) => make(task, program)));
  const input = { parameters: { [PARAMETER.name]: { parameterType: "STRING" } } };
  return stringify({
    components: each((task) => [`comp-${task}`, { executorLabel: `exec-${task}`, inputDefinitions: input }]),
    deploymentSpec: {
      executors: each((task, program) => [
        `exec-${task}`,
        {
          container: {
            image: PYTHON,
            command: ["python3", "-u", "-c", program],
            args: [placeholder],
          },
        },
      ]),
    },
    pipelineInfo: { name },
    root: {
      dag: {
        tasks: each((task) => [
          task,
          {
            cachingOptions: {},
            componentRef: { name: `comp-${task}` },
            inputs: { parameters: { [PARAMETER.name]: { componentInputParameter: PARAMETER.name } } },
            taskInfo: { name: task },
            ...(task === "train" ? { dependentTasks: ["prepare"] } : {}),
          },
        ]),
      },
      inputDefinitions: {
        parameters: { [PARAMETER.name]: { parameterType: "STRING", defaultValue: PARAMETER.value, isOptional: true } },
      },
    },
    schemaVersion: "2.1.0",
    sdkVersion: "kfp-2.4.0",
  });
}

export interface MadePipeline {
  readonly id: string;
  readonly name: string;
  /** The last one that was made. */
  readonly version: string;
}

const Pipeline = v.object({ pipeline_id: v.string() });
const Version = v.object({ pipeline_version_id: v.string() });
const Versions = v.object({ pipeline_versions: v.array(Version) });

/** Uploads a pipeline under a name of its own; it goes with the cleanup, and its versions with it. */
export async function makePipeline(
  cleanup: Cleanup,
  server: PipelinesServer,
  prefix: string,
  programs?: Programs,
  namespace?: string,
): Promise<MadePipeline> {
  return makePipelineOf(cleanup, server, prefix, (name) => twoTasks(name, programs), namespace);
}

/** The same of a compiled pipeline. */
export async function makePipelineOf(
  cleanup: Cleanup,
  server: PipelinesServer,
  prefix: string,
  compiled: (name: string) => string,
  namespace?: string,
): Promise<MadePipeline> {
  const name = `${prefix}-${randomBytes(3).toString("hex")}`;
  const query = new URLSearchParams({ name, ...(namespace === undefined ? {} : { namespace }) });
  const made = await server.upload(`/pipelines/upload?${query.toString()}`, compiled(name));
  const id = v.parse(Pipeline, made).pipeline_id;
  const versions = async () =>
    v.parse(Versions, await server.get(`/pipelines/${id}/versions?page_size=200`)).pipeline_versions;
  const [first] = await versions();
  cleanup.add(async () => {
    for (const { pipeline_version_id: version } of await versions())
      await server.remove(`/pipelines/${id}/versions/${version}`);
    await server.remove(`/pipelines/${id}`);
  });
  return { id, name, version: first?.pipeline_version_id ?? "" };
}

/** @returns the id of the new version */
export async function addVersion(
  server: PipelinesServer,
  pipeline: MadePipeline,
  name: string,
  programs?: Programs,
): Promise<string> {
  const query = new URLSearchParams({ pipelineid: pipeline.id, name });
  const made = await server.upload(`/pipelines/upload_version?${query.toString()}`, twoTasks(pipeline.name, programs));
  return v.parse(Version, made).pipeline_version_id;
}

export interface RunWish {
  readonly name: string;
  readonly message?: string;
  /** Default: the server's own. */
  readonly experiment?: string;
}

function runBody(pipeline: MadePipeline, { name, message, experiment }: RunWish): object {
  return {
    display_name: name,
    pipeline_version_reference: { pipeline_id: pipeline.id, pipeline_version_id: pipeline.version },
    runtime_config: { parameters: message === undefined ? {} : { [PARAMETER.name]: message } },
    ...(experiment === undefined ? {} : { experiment_id: experiment }),
  };
}

const Run = v.looseObject({ run_id: v.string(), display_name: v.string(), state: v.optional(v.string(), "") });
export type Run = v.InferOutput<typeof Run>;

/** @returns its id; the run goes with the cleanup, and with it its Workflow and its pods */
export async function startRun(
  cleanup: Cleanup,
  server: PipelinesServer,
  pipeline: MadePipeline,
  wish: RunWish,
): Promise<string> {
  const id = v.parse(Run, await server.post("/runs", runBody(pipeline, wish))).run_id;
  cleanup.add(() => server.remove(`/runs/${id}`));
  return id;
}

export async function readRun(server: PipelinesServer, id: string): Promise<Run> {
  return v.parse(Run, await server.get(`/runs/${id}`));
}

/** Waits until the server says so; a run of two small tasks takes some seconds. */
export function runInState(server: PipelinesServer, id: string, ...states: readonly string[]): Promise<Run> {
  return until(
    `run ${id} ${states.join(" or ")}`,
    () => readRun(server, id),
    ({ state }) => states.includes(state),
    40_000,
  );
}

/** Pods of a run's tasks. */
export async function podsOfRun(rig: Rig, id: string, namespace: string = SINGLE_USER): Promise<KubeObject[]> {
  const path = `/api/v1/namespaces/${namespace}/pods?labelSelector=${encodeURIComponent(`pipeline/runid=${id}`)}`;
  return (await rig.client.json<{ items: KubeObject[] }>({ method: "GET", path })).items;
}

const Recurring = v.object({ recurring_run_id: v.string() });

const Started = v.object({
  runs: v.optional(v.array(v.object({ run_id: v.string(), recurring_run_id: v.optional(v.string()) })), []),
});

/** @param seconds between two runs @returns its id; it goes with the cleanup, and the runs that it has started */
export async function startRecurringRun(
  cleanup: Cleanup,
  server: PipelinesServer,
  pipeline: MadePipeline,
  wish: RunWish & { readonly seconds: number },
): Promise<string> {
  const trigger = { periodic_schedule: { interval_second: String(wish.seconds) } };
  const body = { ...runBody(pipeline, wish), trigger, max_concurrency: "1", mode: "ENABLE" };
  const id = v.parse(Recurring, await server.post("/recurringruns", body)).recurring_run_id;
  cleanup.add(async () => {
    await server.remove(`/recurringruns/${id}`);
    const { runs } = v.parse(Started, await server.get("/runs?page_size=200"));
    const own = runs.filter(({ recurring_run_id: by }) => by === id);
    for (const { run_id: run } of own) await server.remove(`/runs/${run}`);
  });
  return id;
}
