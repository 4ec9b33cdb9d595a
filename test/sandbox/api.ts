// A small client of the sandbox's API server for setting it up: kubectl takes a tenth of a second a call, and
// there are a hundred calls between nothing and ready.
import https from "node:https";
import readline from "node:readline";
import * as v from "valibot";

export const KubeObject = v.looseObject({
  apiVersion: v.string(),
  kind: v.string(),
  metadata: v.looseObject({ name: v.string(), namespace: v.optional(v.string()) }),
});
export type KubeObject = v.InferOutput<typeof KubeObject>;

/** Milliseconds: a machine that compiles something else at the time may be slow. */
const ANSWER_WITHIN = 30_000;

export type Access = { readonly host: string; readonly port: number; readonly ca: string } & (
  { readonly cert: string; readonly key: string } | { readonly token: string }
);

type Answer = { code: number; body: unknown };

export class Api {
  readonly #access: Access;
  readonly #agent: https.Agent;

  constructor(access: Access) {
    this.#access = access;
    const { ca } = access;
    const own = "token" in access ? { ca } : { ca, cert: access.cert, key: access.key };
    this.#agent = new https.Agent({ keepAlive: true, maxSockets: 8, ...own });
  }

  /** @returns the answer's code and its body, parsed where it is JSON; rejects only where there is no answer */
  send(method: string, path: string, body?: unknown, type = "application/json"): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const headers = body === undefined ? {} : { "content-type": type };
      const request = https.request({ ...this.#target(path, headers), method, timeout: ANSWER_WITHIN }, (response) => {
        let text = "";
        response.setEncoding("utf8");
        response.on("data", (chunk: string) => (text += chunk));
        response.on("error", reject);
        response.on("end", () => resolve({ code: response.statusCode ?? 0, body: parsed(text) }));
      });
      request.on("timeout", () =>
        request.destroy(new Error(`no answer to ${method} ${path} in ${ANSWER_WITHIN / 1000} s`)),
      );
      request.on("error", reject);
      request.end(body === undefined ? undefined : JSON.stringify(body));
    });
  }

  /**
   * Reads an answer line by line while it comes, as that of a watch.
   * @param silence milliseconds after which an answer without a word counts as broken
   * @returns when the server has ended it; rejects where it was refused or broke
   */
  lines(path: string, silence: number, onLine: (line: string) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      const request = https.request({ ...this.#target(path), timeout: silence }, (response) => {
        if (response.statusCode !== 200) {
          reject(new Error(`GET ${path} was answered with ${response.statusCode ?? 0}`));
          response.destroy();
          return;
        }
        const reader = readline.createInterface({ input: response });
        reader.on("line", onLine);
        reader.on("error", reject); // What breaks the answer comes here too, and nobody else would hear it.
        response.on("error", reject);
        response.on("close", () => (response.complete ? resolve() : reject(new Error(`GET ${path} broke off`))));
      });
      request.on("timeout", () => request.destroy(new Error(`no word from GET ${path} in ${silence / 1000} s`)));
      request.on("error", reject);
      request.end();
    });
  }

  #target(path: string, headers: Record<string, string> = {}): https.RequestOptions {
    const { host, port } = this.#access;
    const authorization = "token" in this.#access ? { authorization: `Bearer ${this.#access.token}` } : {};
    return { host, port, path, agent: this.#agent, headers: { ...headers, ...authorization } };
  }

  /** The object, or undefined where there is none. */
  async get(path: string): Promise<unknown> {
    const answer = await this.send("GET", path);
    return answer.code === 404 ? undefined : okay(answer, `GET ${path}`);
  }

  async post(path: string, body: unknown): Promise<unknown> {
    return okay(await this.send("POST", path, body), `POST ${path}`);
  }

  /** Server-side apply of one object; rejects where it is refused. */
  async apply(object: KubeObject, manager?: string): Promise<void> {
    okay(await this.tryApply(object, manager), `applying ${object.kind} ${object.metadata.name}`);
  }

  tryApply(object: KubeObject, manager = "sandbox"): Promise<Answer> {
    const path = `${pathOf(object)}?fieldManager=${manager}&force=true`;
    return this.send("PATCH", path, object, "application/apply-patch+yaml");
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

/** The body of an answer that is a success; throws what the server said otherwise. */
export function okay(answer: Answer, what: string): unknown {
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
