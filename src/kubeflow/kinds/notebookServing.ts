// How a notebook's server is reached and spoken to, by what its own object says (kubeflow.md B3; docker-stacks:
// NOTEBOOK_ARGS; jupyter_server 2: ServerApp, IdentityProvider).
import { type Json, list, record, text } from "../read.ts";

const REWRITE_ANNOTATION = "notebooks.kubeflow.org/http-rewrite-uri";
const HEADERS_ANNOTATION = "notebooks.kubeflow.org/http-headers-request-set";

/** Where a value is kept that the object itself does not hold. */
export interface SecretKey {
  readonly secret: string;
  readonly key: string;
}

export interface Serving {
  /** Path by which the platform's gateway knows it, with a slash at both ends. */
  readonly home: string;
  /** Path at which a browser opens it, with a slash at both ends. */
  readonly path: string;
  /** What its server is asked for in the place of `path`, as the platform's gateway would rewrite it. */
  readonly rewrite: string | undefined;
  /** Headers that the gateway would set. */
  readonly headers: Readonly<Record<string, string>>;
  /** What Jupyter asks of its clients; undefined where it asks for none, or nobody can tell. */
  readonly token: string | SecretKey | undefined;
}

type Environment = ReadonlyMap<string, string | SecretKey>;

const OPTION = /^--(?:ServerApp|NotebookApp|LabApp|ExtensionApp|IdentityProvider)\.(base_url|token)(?:=(.*))?$/s;

/** `main` is the notebook's own container; `home` the path under which the controller has it serve. */
export function servingOf(main: Json, annotations: Json, home: string, isAtRoot: boolean): Serving {
  const environment = environmentOf(main);
  const options = optionsOf(main, environment);
  const prefix = environment.get("NB_PREFIX");
  const base = options.get("base_url") ?? (typeof prefix === "string" ? prefix : undefined) ?? home;
  const rewrite = text(annotations[REWRITE_ANNOTATION]) ?? (isAtRoot ? "/" : undefined);
  const token = options.get("token") ?? environment.get("JUPYTER_TOKEN");
  return {
    home,
    // The gateway knows it by its home, whatever it rewrites that to.
    path: rewrite !== undefined || typeof base !== "string" ? home : (pathOf(base) ?? home),
    rewrite: rewrite === undefined ? undefined : pathOf(rewrite),
    headers: headersOf(annotations[HEADERS_ANNOTATION]),
    token: token === "" ? undefined : token,
  };
}

/** Values that hold others, `$(NAME)`, stay as they are written, as do those of ConfigMaps and of the pod itself. */
function environmentOf(main: Json): Environment {
  const environment = new Map<string, string | SecretKey>();
  for (const { name, value, valueFrom } of list(main["env"])) {
    const from = record(record(valueFrom)["secretKeyRef"]);
    const [secret, key] = [text(from["name"]), text(from["key"])];
    if (typeof name !== "string") continue;
    if (typeof value === "string") environment.set(name, value);
    else if (secret !== undefined && key !== undefined) environment.set(name, { secret, key });
  }
  return environment;
}

/** Of what is given twice the last counts, as for Jupyter; what an image's own start script adds is not known. */
function optionsOf(main: Json, environment: Environment): ReadonlyMap<string, string | SecretKey> {
  const given = ["command", "args"].flatMap((field) => (Array.isArray(main[field]) ? (main[field] as unknown[]) : []));
  const more = environment.get("NOTEBOOK_ARGS");
  // A shell is given its whole line as one word.
  const words = [...given, more].flatMap((word) =>
    typeof word !== "string" ? [] : word.startsWith("-") && word !== more ? [word] : wordsOf(word),
  );
  const options = new Map<string, string | SecretKey>();
  words.forEach((word, at) => {
    const [, name, value = words[at + 1] ?? ""] = OPTION.exec(word) ?? [];
    if (name !== undefined) options.set(name, expand(value, environment));
  });
  return options;
}

/** The words of a line, as a shell would part them. */
function wordsOf(line: string): readonly string[] {
  const words = line.match(/(?:"[^"]*"|'[^']*'|[^\s"'])+/g) ?? [];
  return words.map((word) => word.replace(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}

/** `$(NAME)` is Kubernetes' own, `$NAME` and `${NAME}` a shell's. A value from a Secret is one only where it is alone. */
function expand(value: string, environment: Environment): string | SecretKey {
  const name = /^\$[({]?(\w+)[)}]?$/.exec(value)?.[1];
  const whole = name === undefined ? undefined : environment.get(name);
  if (whole !== undefined) return whole;
  return value.replace(/\$(?:\((\w+)\)|\{(\w+)\}|(\w+))/g, (written, ...names: (string | undefined)[]) => {
    const known = environment.get(names.slice(0, 3).find((each) => each !== undefined) ?? "");
    return typeof known === "string" ? known : written;
  });
}

/** A path of plain characters with a slash at both ends; undefined for anything else. */
function pathOf(said: string): string | undefined {
  const path = `/${said}/`.replace(/\/{2,}/g, "/");
  return /^[\w\-./~%@:+]+$/.test(path) && !path.split("/").includes("..") ? path : undefined;
}

function headersOf(said: unknown): Readonly<Record<string, string>> {
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(parsed(said)))
    if (/^[\w-]{1,100}$/.test(name) && typeof value === "string" && /^[\x20-\x7e]{0,1000}$/.test(value))
      headers[name.toLowerCase()] = value;
  return headers;
}

function parsed(said: unknown): Json {
  try {
    return typeof said === "string" ? record(JSON.parse(said)) : {};
  } catch {
    // The controller leaves out what it cannot read, too.
    return {};
  }
}
