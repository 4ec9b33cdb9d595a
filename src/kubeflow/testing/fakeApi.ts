import { CancelledError } from "../../core/errors.ts";
import { ConnectError } from "../../kube/errors.ts";
import type { KubeObject, OwnerReference } from "../../kube/objects.ts";
import { QUEUE_LABEL } from "../labels.ts";
import type { KubeRequest, KubeResponse, Transport } from "../../kube/transport.ts";

/** A double of an API server, for launches alone: objects by path, uids, owners, garbage collection, preconditions. */
export type Fault =
  /** The request never arrives. */
  | "lost-request"
  /** It is served, and nobody hears so. */
  | "lost-response"
  /** It is served later, with the request after the next one. */
  | "late"
  /** It is served when `settle` is called. */
  | "parked"
  | "cut-response"
  | { readonly status: number; readonly message?: string; readonly reason?: string; readonly details?: object };

interface Stored extends KubeObject {
  spec?: { suspend?: boolean; runPolicy?: { suspend?: boolean } };
}

const JOB_PLURALS = ["pytorchjobs", "trainjobs"] as const;

/** Of either kind; one that was handed to its queue is let go. */
export function isHeld({ metadata, spec }: Stored): boolean {
  return metadata.labels?.[QUEUE_LABEL] === undefined && (spec?.suspend ?? spec?.runPolicy?.suspend) === true;
}

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

export class FakeApi implements Transport {
  readonly objects = new Map<string, Stored>();
  readonly requests: KubeRequest[] = [];
  /** Names of all roots ever created; one launch must never bring it to two. */
  readonly created: string[] = [];
  /** What happens to the n-th request (from 0). */
  fault: (request: KubeRequest, index: number) => Fault | undefined = () => undefined;
  /** Called before a request is looked at and after it was answered; throwing there is the death of the process. */
  onEdge: () => void = () => undefined;
  onServed: (request: KubeRequest) => void = () => undefined;
  #uids = 0;
  #late: KubeRequest[] = [];
  #parked: KubeRequest[] = [];

  async send(request: KubeRequest): Promise<KubeResponse> {
    await Promise.resolve();
    this.onEdge();
    if (request.signal?.aborted) throw new CancelledError();
    const index = this.requests.push(request) - 1;
    const due = this.#late;
    this.#late = [];
    const fault = this.fault(request, index);
    if (fault === "late") this.#late.push(request);
    if (fault === "parked") this.#parked.push(request);
    if (fault === "lost-request" || fault === "late" || fault === "parked") throw unreachable();
    const answer = typeof fault === "object" ? { status: fault.status, body: fault } : this.#serve(request);
    for (const waiting of due) this.#serve(waiting);
    this.onEdge();
    if (request.signal?.aborted) throw new CancelledError();
    if (fault === "lost-response") throw unreachable();
    return response(answer, fault === "cut-response");
  }

  dispose(): void {
    this.objects.clear();
  }

  /** Training jobs of both kinds. */
  get jobs(): Stored[] {
    return JOB_PLURALS.flatMap((plural) => this.all(plural));
  }

  /** Objects of one plural. */
  all(plural: string): Stored[] {
    return [...this.objects].filter(([path]) => path.includes(`/${plural}/`)).map(([, object]) => object);
  }

  /** Everything that was given up has been served by now. */
  settle(): void {
    for (const waiting of [...this.#late, ...this.#parked]) this.#serve(waiting);
    this.#late = [];
    this.#parked = [];
  }

  remove(path: string): void {
    const uid = this.objects.get(path)?.metadata.uid;
    this.objects.delete(path);
    this.#collectGarbage(uid);
  }

  #serve(request: KubeRequest): Answer {
    const answer = this.#answer(request);
    this.onServed(request);
    return answer;
  }

  #answer(request: KubeRequest): Answer {
    switch (request.method) {
      case "POST":
        return this.#create(request);
      case "GET":
        return this.objects.has(request.path)
          ? { status: 200, body: this.objects.get(request.path) }
          : notFound(request.path);
      case "PATCH":
        return this.#patch(request);
      case "DELETE":
        return this.#delete(request);
      default:
        return status(405, "MethodNotAllowed", "not here");
    }
  }

  #create(request: KubeRequest): Answer {
    const object = request.body as Stored;
    const path = `${request.path}/${object.metadata.name}`;
    const existing = this.objects.get(path);
    const ending = existing?.metadata.deletionTimestamp === undefined ? "" : "object is being deleted: ";
    if (existing !== undefined)
      return status(409, "AlreadyExists", `${ending}"${object.metadata.name}" already exists`);
    if (request.query?.["dryRun"] === "All") return { status: 201, body: object };
    const uid = `uid-${String((this.#uids += 1))}`;
    const stored = { ...structuredClone(object), metadata: { ...object.metadata, uid, resourceVersion: "1" } };
    this.objects.set(path, stored);
    if (JOB_PLURALS.some((plural) => path.includes(`/${plural}/`))) this.created.push(object.metadata.name);
    const owners = object.metadata.ownerReferences ?? [];
    if (owners.length > 0 && !owners.some((owner) => this.#has(owner))) this.objects.delete(path);
    return { status: 201, body: stored };
  }

  #patch(request: KubeRequest): Answer {
    const object = this.objects.get(request.path);
    if (object === undefined) return notFound(request.path);
    const patch = request.body as Pick<Stored, "spec"> & { metadata?: Partial<Stored["metadata"]> };
    if (patch.metadata?.uid !== undefined && patch.metadata.uid !== object.metadata.uid)
      return status(409, "Conflict", "uid differs");
    const runPolicy = { ...object.spec?.runPolicy, ...patch.spec?.runPolicy };
    const spec = { ...object.spec, ...patch.spec, ...(Object.keys(runPolicy).length === 0 ? {} : { runPolicy }) };
    const generation = (object.metadata.generation ?? 1) + (patch.spec === undefined ? 0 : 1);
    const labels = { ...object.metadata.labels, ...patch.metadata?.labels };
    const ownerReferences = patch.metadata?.ownerReferences ?? object.metadata.ownerReferences;
    const owned = ownerReferences === undefined ? {} : { ownerReferences };
    const stored = { ...object, metadata: { ...object.metadata, generation, labels, ...owned }, spec };
    this.objects.set(request.path, stored);
    return { status: 200, body: stored };
  }

  #delete(request: KubeRequest): Answer {
    const object = this.objects.get(request.path);
    if (object === undefined) return notFound(request.path);
    const { preconditions } = request.body as { preconditions?: { uid?: string } };
    if (preconditions?.uid !== object.metadata.uid)
      return status(409, "Conflict", "the UID in the precondition differs");
    this.remove(request.path);
    return { status: 200, body: { kind: "Status", status: "Success" } };
  }

  #has(owner: OwnerReference): boolean {
    return [...this.objects.values()].some((object) => object.metadata.uid === owner.uid);
  }

  #collectGarbage(uid: string | undefined): void {
    for (const [path, object] of this.objects) {
      if (object.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true) this.objects.delete(path);
    }
  }
}

function unreachable(): ConnectError {
  return new ConnectError("unreachable", "The cluster cannot be reached.");
}

function notFound(path: string): Answer {
  const [plural = "", name = ""] = path.split("/").slice(-2);
  return status(404, "NotFound", `${plural} "${name}" not found`, { name, kind: plural });
}

function status(code: number, reason: string, message: string, details: object = {}): Answer {
  return { status: code, body: { kind: "Status", status: "Failure", code, reason, message, details } };
}

function response(answer: Answer, cut: boolean): KubeResponse {
  const text = Buffer.from(JSON.stringify(answer.body));
  const chunks = [cut ? text.subarray(0, text.length >> 1) : text];
  return {
    status: answer.status,
    headers: {},
    body: (async function* () {
      await Promise.resolve();
      yield* chunks;
    })(),
    cancel: () => undefined,
  };
}
