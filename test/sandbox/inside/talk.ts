// What the supervisor on the host and the process inside say to each other: one JSON object a line.
import * as v from "valibot";

/** What a test may do to the API server: SIGKILL, a start, and the loss of etcd's history. */
export const ServerAct = v.picklist(["kill", "start", "compact"]);
export type ServerAct = v.InferOutput<typeof ServerAct>;

const Image = v.object({ name: v.string(), archive: v.string() });

const Extra = v.object({ program: v.string(), stages: v.array(v.string()) });

/** Paths of the pipelines' programs, of MariaDB's packages, of an empty database and of the manifests. */
const PipelinesParts = v.object({
  apiServer: v.string(),
  agent: v.string(),
  schedules: v.string(),
  objectStore: v.string(),
  mariadb: v.string(),
  data: v.string(),
  manifests: v.string(),
});
export type PipelinesParts = v.InferOutput<typeof PipelinesParts>;

/** Path of Argo's controller and of the manifests, and the images of its pods. */
const ArgoParts = v.object({ controller: v.string(), manifests: v.string(), images: v.array(Image) });
export type ArgoParts = v.InferOutput<typeof ArgoParts>;

/** To the inside, on its standard input. When that ends, the supervisor is gone and the inside ends as well. */
export const Order = v.variant("do", [
  v.object({
    do: v.literal("start"),
    parts: v.picklist(["empty", "bare", "control", "node"]),
    kubernetes: v.string(),
    controllers: v.array(v.object({ name: v.string(), program: v.string(), manifests: v.string() })),
    node: v.optional(
      v.object({
        coredns: v.string(),
        /** Folders of containerd's and runc's programs. */
        programs: v.array(v.string()),
        libraries: v.array(v.string()),
        cni: v.string(),
        images: v.array(Image),
      }),
    ),
    slot: v.number(),
  }),
  v.object({ do: v.literal("kwok"), ...Extra.entries }),
  v.object({ do: v.literal("pipelines"), slot: v.number(), ...PipelinesParts.entries }),
  v.object({ do: v.literal("argo"), slot: v.number(), pipelines: PipelinesParts, ...ArgoParts.entries }),
  v.object({ do: v.literal("server"), act: ServerAct }),
]);
export type Order = v.InferOutput<typeof Order>;
export type StartOrder = Extract<Order, { do: "start" }>;

/** From the inside, on its standard output. */
export const Report = v.variant("what", [
  /** The namespaces are there: the link to the host can be laid. */
  v.object({ what: v.literal("here") }),
  v.object({ what: v.literal("step"), text: v.string() }),
  v.object({ what: v.literal("done"), order: v.picklist(["start", "kwok", "pipelines", "argo", "server"]) }),
  v.object({ what: v.literal("failed"), message: v.string() }),
]);
export type Report = v.InferOutput<typeof Report>;

/** Splits a stream of bytes into messages; what is no such message is passed to `other`. */
export function lineReader<T>(
  schema: v.GenericSchema<unknown, T>,
  onMessage: (message: T) => void,
  other: (line: string) => void,
): (chunk: string) => void {
  let rest = "";
  return (chunk) => {
    const lines = (rest + chunk).split("\n");
    rest = lines.pop() ?? "";
    for (const line of lines) {
      if (line === "") continue;
      const message = v.safeParse(schema, parsed(line));
      if (message.success) onMessage(message.output);
      else other(line);
    }
  };
}

function parsed(line: string): unknown {
  try {
    return JSON.parse(line) as unknown;
  } catch {
    return undefined;
  }
}
