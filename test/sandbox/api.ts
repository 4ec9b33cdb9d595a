// A small client of the sandbox's API server for setting it up: kubectl takes a tenth of a second a call, and
// there are a hundred calls between nothing and ready.
import https from "node:https";
import * as v from "valibot";

export const KubeObject = v.looseObject({
  apiVersion: v.string(),
  kind: v.string(),
  metadata: v.looseObject({ name: v.string(), namespace: v.optional(v.string()) }),
});
export type KubeObject = v.InferOutput<typeof KubeObject>;

/** Milliseconds: a machine that compiles something else at the time may be slow. */
const ANSWER_WITHIN = 30_000;

export interface Access {
  readonly host: string;
  readonly port: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

export class Api {
  readonly #access: Access;
  readonly #agent: https.Agent;

  constructor(access: Access) {
    this.#access = access;
    this.#agent = new https.Agent({
      keepAlive: true,
      maxSockets: 8,
      ca: access.ca,
      cert: access.cert,
      key: access.key,
    });
  }

  /** @returns the answer's code and its body, parsed where it is JSON; rejects only where there is no answer */
  send(
    method: string,
    path: string,
    body?: unknown,
    type = "application/json",
  ): Promise<{ code: number; body: unknown }> {
    const { host, port } = this.#access;
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": type };
      const request = https.request(
        { host, port, path, method, agent: this.#agent, headers, timeout: ANSWER_WITHIN },
        (response) => {
          let text = "";
          response.setEncoding("utf8");
          response.on("data", (chunk: string) => (text += chunk));
          response.on("error", reject);
          response.on("end", () => resolve({ code: response.statusCode ?? 0, body: parsed(text) }));
        },
      );
      request.on("timeout", () =>
        request.destroy(new Error(`no answer to ${method} ${path} in ${ANSWER_WITHIN / 1000} s`)),
      );
      request.on("error", reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /** The object, or undefined where there is none. */
  async get(path: string): Promise<unknown> {
    const answer = await this.send("GET", path);
    return answer.code === 404 ? undefined : okay(answer, `GET ${path}`);
  }

  async post(path: string, body: unknown): Promise<unknown> {
    return okay(await this.send("POST", path, body), `POST ${path}`);
  }

  /** Server-side apply of one object, as the field manager `sandbox`. */
  async apply(object: KubeObject): Promise<void> {
    const path = `${pathOf(object)}?fieldManager=sandbox&force=true`;
    okay(
      await this.send("PATCH", path, object, "application/apply-patch+yaml"),
      `applying ${object.kind} ${object.metadata.name}`,
    );
  }

  /** Does the server say that it is ready? False also where nothing answers. */
  async isReady(): Promise<boolean> {
    try {
      return (await this.send("GET", "/readyz")).code === 200;
    } catch {
      return false;
    }
  }

  close(): void {
    this.#agent.destroy();
  }
}

function okay(answer: { code: number; body: unknown }, what: string): unknown {
  if (answer.code >= 200 && answer.code < 300) return answer.body;
  const text = typeof answer.body === "string" ? answer.body : JSON.stringify(answer.body);
  throw new Error(`${what} was answered with ${answer.code}: ${text.slice(0, 1000)}`);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}

/** Path of an object in the API. Kinds in the sandbox's manifests all have regular plurals. */
export function pathOf(object: KubeObject): string {
  const root = object.apiVersion.includes("/") ? `/apis/${object.apiVersion}` : `/api/${object.apiVersion}`;
  const { name, namespace } = object.metadata;
  return `${root}${namespace === undefined ? "" : `/namespaces/${namespace}`}/${plural(object.kind)}/${name}`;
}

export function plural(kind: string): string {
  const word = kind.toLowerCase();
  if (/[^aeiou]y$/.test(word)) return `${word.slice(0, -1)}ies`;
  return /(s|x|ch)$/.test(word) ? `${word}es` : `${word}s`;
}
