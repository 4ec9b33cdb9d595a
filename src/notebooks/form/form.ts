// What a person writes on the page of a new notebook, read into a wish; and the form as it is first shown.
import type { NotebookField, NotebookForm } from "../../contract/notebookForm.ts";
import type { FieldProblem } from "../../core/formHost.ts";
import { FormReader, quoted, readVariables } from "../../core/formReader.ts";
import { imageProblem, needsProblems, type SecretVariable } from "../../jobs/index.ts";
import { isJobName } from "../../kube/names.ts";
import { quantity } from "../../kubeflow/gpuNames.ts";
import { type Json, record } from "../../kubeflow/read.ts";
import { MOST_NAME, type NotebookWish, type WishedVolume } from "./manifest.ts";
import { type Amount, type OfferedVolume, otherServer, type Server, type Spawner } from "./spawner.ts";

export interface ReadNotebook {
  readonly choice: NotebookWish;
  readonly problems: readonly FieldProblem<NotebookField>[];
}

/** Stands for the notebook's name (crud-web-apps/jupyter: spawner_ui_config.yaml). */
const TEMPLATE = "{notebook-name}";
const MOST_GPUS = 64;
/** Bytes below which no program runs. */
const LEAST_MEMORY = 1e6;
const MODES: Readonly<Record<string, string>> = {
  rwo: "ReadWriteOnce",
  rwx: "ReadWriteMany",
  rwop: "ReadWriteOncePod",
};
export const NEW_VOLUME_LINE = `${TEMPLATE}-data=10Gi:/home/jovyan/data`;

/** As the spawner has it. `taken`: names of notebooks that are there. */
export function firstForm(spawner: Spawner, account: string, taken: readonly string[] = []): NotebookForm {
  const { workspace, gpus } = spawner;
  const spec = record(workspace?.make?.spec);
  return {
    name: freeName(taken),
    server: "jupyter",
    image: spawner.images.jupyter.value,
    cpu: spawner.cpu.value,
    memory: spawner.memory.value,
    cpuLimit: "",
    memoryLimit: "",
    gpus: gpus.count,
    gpuVendor: gpus.vendor === "" ? (gpus.vendors[0]?.key ?? "") : gpus.vendor,
    workspace: workspace?.make !== undefined ? "new" : workspace?.claim !== undefined ? "existing" : "none",
    workspaceName: "",
    workspaceSize: storageOf(spec),
    workspaceClass: className(spec),
    workspaceClaim: workspace?.claim ?? "",
    workspacePath: workspace?.path ?? "/home/jovyan",
    volumes: spawner.volumes.flatMap((one) => volumeLine(one) ?? []).join("\n"),
    shm: spawner.shm,
    configurations: [...spawner.configurations],
    tolerations: spawner.toleration,
    affinity: spawner.affinity,
    env: spawner.env.map(({ name, value }) => `${name}=${quoted(value)}`).join("\n"),
    serviceAccount: account,
  };
}

/** Reads the form. What the administrators have decided is as they have it, whatever the page says. */
export function readNotebookForm(written: NotebookForm, spawner: Spawner, namespace: string): ReadNotebook {
  const problems: FieldProblem<NotebookField>[] = [];
  const say = (field: NotebookField, text: string | undefined | false): void => {
    if (typeof text === "string") problems.push({ field, text });
  };
  const form = { ...written, ...decided(spawner, written) };
  const reader = new FormReader<NotebookField>(form, say);
  const name = form.name.trim();
  const wrong = nameProblem(name);
  say("name", wrong);
  // What is wrong with it is said once, not of every volume that is named after it.
  const stem = wrong === undefined ? name : "notebook";
  const image = form.image.trim();
  const { options } = spawner.images[form.server];
  say("image", imageProblem(image));
  say(
    "image",
    !spawner.customImage && !options.includes(image) && "The administrators allow only images that are offered.",
  );
  const size = readSize(reader, spawner);
  const workspace = readWorkspace(form, reader, spawner, stem);
  const data = readVolumes(reader, spawner, stem);
  const variables = readVariables(reader, "env");
  const secrets = variables.flatMap(secretIn);
  const env = variables.filter((one) => secretIn(one).length === 0);
  // What the administrators have written is not a person's to keep elsewhere.
  const isTheirs = (one: (typeof env)[number]): boolean =>
    spawner.env.some(({ name: own, value }) => own === one.name && value === one.value);
  const isHalf = (one: (typeof env)[number]): boolean => !isTheirs(one) && one.value.startsWith("secret:");
  for (const one of env.filter(isHalf)) say("env", `${one.name}: what is in a Secret is written secret:name/key.`);
  const judged = env.map((one) => (isTheirs(one) || isHalf(one) ? { ...one, value: "" } : one));
  const how = { isTrainJob: false, hasTimeLimit: true };
  const places = (volumes: readonly WishedVolume[]) => ({ volumes });
  const home = (is: Partial<WishedVolume>) =>
    needsProblems(places(workspace.map((one) => ({ ...one, ...is }))), [], how);
  for (const { text } of home({ path: "/data" }))
    say(form.workspace === "existing" ? "workspaceClaim" : "workspaceName", text);
  for (const { text } of home({ claim: "any" })) say("workspacePath", text);
  for (const { field, text } of needsProblems({ ...places(data), secrets }, judged, how))
    say(field === "volumes" ? "volumes" : "env", text);
  const isAtHome = data.some((one) => workspace.some((own) => bare(own) === bare(one)));
  say("volumes", isAtHome && "Two volumes have the same path.");
  for (const claim of doublyMade([...workspace, ...data]))
    say("volumes", `Two volumes are to be the claim ${claim}, and one of them is new: each needs a name of its own.`);
  const tolerations = spawner.tolerations.find(({ key }) => key === form.tolerations);
  const affinity = spawner.affinities.find(({ key }) => key === form.affinity);
  say("tolerations", form.tolerations !== "" && tolerations === undefined && "The cluster offers no such group.");
  say("affinity", form.affinity !== "" && affinity === undefined && "The cluster offers no such placement.");
  for (const { text } of needsProblems({ ...accountOf(form) }, [], how)) say("serviceAccount", text);
  const choice: NotebookWish = {
    ...{ name, namespace, server: form.server, image, pullPolicy: spawner.pullPolicy, ...size },
    env: variables.map((one) => {
      const [of] = secretIn(one);
      return of === undefined ? one : { name: of.name, valueFrom: { secretKeyRef: { name: of.secret, key: of.key } } };
    }),
    volumes: [...workspace, ...data],
    sources: [spawner.workspace, ...spawner.volumes].flatMap((one) =>
      one?.source === undefined || (one === spawner.workspace && form.workspace !== "none")
        ? []
        : [{ path: named(one.path, stem), source: record(JSON.parse(named(JSON.stringify(one.source), stem))) }],
    ),
    shm: form.shm,
    labels: Object.fromEntries(form.configurations.flatMap(labelsIn)),
    tolerations: tolerations?.value ?? [],
    affinity: affinity?.value,
    serviceAccount: form.serviceAccount.trim(),
  };
  return { choice, problems };
}

function bare({ path }: WishedVolume): string {
  return path.replace(/\/$/, "");
}

/** Claims that are named more than once, and that one of these would make. */
function doublyMade(volumes: readonly WishedVolume[]): readonly string[] {
  const isDouble = ({ claim, make }: WishedVolume): boolean =>
    make !== undefined && volumes.filter((other) => other.claim === claim).length > 1;
  return [...new Set(volumes.filter(isDouble).map(({ claim }) => claim))];
}

/** `secret:name/key`, whose value stays in the cluster. */
function secretIn({ name, value }: Spawner["env"][number]): readonly SecretVariable[] {
  const [, secret, key] = /^secret:([^/\s]+)\/(\S+)$/.exec(value) ?? [];
  return secret === undefined || key === undefined ? [] : [{ name, secret, key }];
}

/** After another kind of server was chosen: an image that is offered for the one of before makes way for its own. */
export function withItsImage(form: NotebookForm, before: Server, spawner: Spawner): NotebookForm {
  const isOld = otherServer(form.image.trim(), form.server, spawner) === before;
  return isOld ? { ...form, image: spawner.images[form.server].value } : form;
}

function accountOf({ serviceAccount }: NotebookForm): { readonly serviceAccount?: string } {
  return serviceAccount.trim() === "" ? {} : { serviceAccount: serviceAccount.trim() };
}

/** Fields in which the administrators alone decide. An image is one of those that its kind of server has. */
function decided(spawner: Spawner, form: NotebookForm): Partial<NotebookForm> {
  const own = firstForm(spawner, "");
  const fields = spawner.locked.map((field) => [field, own[field]] as const);
  const { image } = form;
  const isTheirs = spawner.images[form.server].options.includes(image);
  const locked: Partial<NotebookForm> = Object.fromEntries(fields);
  if (!spawner.locked.includes("image")) return locked;
  return { ...locked, image: isTheirs && form.server !== "jupyter" ? image : spawner.images[form.server].value };
}

function nameProblem(name: string): string | undefined {
  if (name === "") return "It needs a name.";
  if (name.length > MOST_NAME)
    return `A name has at most ${MOST_NAME} characters, for its StatefulSet puts it into a label of its pod; this one has ${name.length}.`;
  if (isJobName(name)) return undefined;
  return "A name has lower-case letters, digits and hyphens, begins with a letter and ends with a letter or digit.";
}

function readSize(reader: FormReader<NotebookField>, spawner: Spawner): Pick<NotebookWish, "requests" | "limits"> {
  const of = (field: "cpu" | "memory", example: string) => {
    const asked = reader.quantity(field, example);
    const most = reader.quantity(`${field}Limit`, example);
    const limit = most ?? times(asked, spawner[field]);
    for (const [at, amount] of [
      [field, asked],
      [`${field}Limit`, most],
    ] as const)
      if (field === "memory" && amount !== undefined && (quantity(amount) ?? 0) < LEAST_MEMORY)
        reader.say(
          at,
          `${amount} is less than a megabyte.${/^[1-9]\d*$/.test(amount) ? ` Is ${amount}Gi meant?` : ""}`,
        );
    if (asked !== undefined && most !== undefined && (quantity(most) ?? 0) < (quantity(asked) ?? 0))
      reader.say(`${field}Limit`, `It is less than the ${asked} that are wanted.`);
    return {
      asked: asked === undefined ? {} : { [field]: asked },
      limit: limit === undefined ? {} : { [field]: limit },
    };
  };
  const [cpu, memory] = [of("cpu", "4 or 500m"), of("memory", "16Gi")];
  const gpus = reader.count("gpus", 0, MOST_GPUS) ?? 0;
  const vendor = reader.text("gpuVendor");
  if (gpus > 0 && vendor === undefined) reader.say("gpuVendor", "Whose GPUs are wanted?");
  if (vendor !== undefined && !/^[a-z0-9][-a-z0-9.]*\/[-a-zA-Z0-9._]+$/.test(vendor))
    reader.say("gpuVendor", "It is the name of a resource, such as nvidia.com/gpu.");
  return {
    requests: { ...cpu.asked, ...memory.asked },
    limits: { ...cpu.limit, ...memory.limit, ...(gpus > 0 && vendor !== undefined && { [vendor]: String(gpus) }) },
  };
}

/** `1.2` times `500m` is `600m`. */
function times(amount: string | undefined, { factor }: Amount): string | undefined {
  const [, number, unit = ""] = /^([\d.]+)(\D*)$/.exec(amount ?? "") ?? [];
  return number === undefined || factor === undefined
    ? undefined
    : `${Number((Number(number) * factor).toFixed(3))}${unit}`;
}

function readWorkspace(
  form: NotebookForm,
  reader: FormReader<NotebookField>,
  { workspace }: Spawner,
  name: string,
): readonly WishedVolume[] {
  const path = named(form.workspacePath.trim(), name);
  const volume = { field: "workspace" as const, path, readOnly: false };
  if (form.workspace === "none") return [];
  if (form.workspace === "existing") {
    const claim = reader.text("workspaceClaim");
    if (claim === undefined) reader.say("workspaceClaim", "Which volume claim is it?");
    return claim === undefined ? [] : [{ ...volume, claim: named(claim, name) }];
  }
  const offered = workspace?.make ?? { metadata: {}, spec: { accessModes: ["ReadWriteOnce"] } };
  const size = reader.quantity("workspaceSize", "10Gi");
  if (form.workspaceSize.trim() === "") reader.say("workspaceSize", "How large is it, such as 10Gi?");
  const written = reader.text("workspaceName") ?? nameIn(offered.metadata) ?? `${TEMPLATE}-workspace`;
  const spec = claimSpec(offered.spec, size ?? "", form.workspaceClass.trim());
  return [{ ...volume, claim: named(written, name), make: { metadata: offered.metadata, spec } }];
}

const VOLUME = /^([^=:\s]+)(?:=([^/:\s]+)(?:\/([^:\s]+))?)?:(\/[^:]*)(?::(ro|rwo|rwx|rwop))?$/;

function readVolumes(reader: FormReader<NotebookField>, spawner: Spawner, name: string): readonly WishedVolume[] {
  return reader
    .entries("volumes", VOLUME, "claim:/path or name=10Gi:/path")
    .flatMap(([, written = "", size, storageClass = "", path = "", mode]): WishedVolume[] => {
      const volume = {
        field: "volumes" as const,
        claim: named(written, name),
        path: named(path, name),
        readOnly: mode === "ro",
      };
      if (size === undefined) {
        if (mode !== undefined && mode !== "ro")
          reader.say("volumes", `${written} is there, and how it is shared is decided.`);
        return [volume];
      }
      if (!/^\d+(\.\d+)?([kMGT]|[KMGT]i)?$/.test(size))
        reader.say("volumes", `${JSON.stringify(size)} is not a size such as 10Gi.`);
      if (mode === "ro") reader.say("volumes", `${written} is new: there is nothing to read on it.`);
      const template = spawner.volumes.find(({ make }) => nameIn(make?.metadata ?? {}) === written)?.make;
      const spec = claimSpec(template?.spec ?? {}, size, storageClass);
      const modes = mode === undefined ? (spec["accessModes"] ?? [MODES["rwo"]]) : [MODES[mode]];
      return [{ ...volume, make: { metadata: template?.metadata ?? {}, spec: { ...spec, accessModes: modes } } }];
    });
}

function claimSpec(offered: Json, storage: string, storageClass: string): Json {
  const rest = Object.fromEntries(Object.entries(offered).filter(([key]) => key !== "storageClassName"));
  const resources = record(rest["resources"]);
  return {
    ...{ accessModes: [MODES["rwo"]], ...rest },
    ...(storageClass !== "" && { storageClassName: storageClass }),
    resources: { ...resources, requests: { ...record(resources["requests"]), storage } },
  };
}

/** A volume of the spawner's, as a line of the form; other sources are no line, and are always there. */
function volumeLine({ path, make, claim }: OfferedVolume): string | undefined {
  if (claim !== undefined) return `${claim}:${path}`;
  if (make === undefined) return undefined;
  const modes = make.spec["accessModes"];
  const mode = Object.entries(MODES).find(([, one]) => Array.isArray(modes) && modes[0] === one)?.[0] ?? "rwo";
  const storageClass = className(make.spec);
  const size = `${storageOf(make.spec)}${storageClass === "" ? "" : `/${storageClass}`}`;
  return `${nameIn(make.metadata) ?? `${TEMPLATE}-data`}=${size}:${path}${mode === "rwo" ? "" : `:${mode}`}`;
}

function storageOf(spec: Json): string {
  const storage = record(record(spec["resources"])["requests"])["storage"];
  return typeof storage === "string" ? storage : "10Gi";
}

/** `{none}` stands for the cluster's default (crud-web-apps/jupyter: volumes of 1.4). */
function className(spec: Json): string {
  const name = spec["storageClassName"];
  return typeof name === "string" && name !== "{none}" ? name : "";
}

function nameIn({ name }: Json): string | undefined {
  return typeof name === "string" && name !== "" ? name : undefined;
}

function named(written: string, name: string): string {
  return written.replaceAll(TEMPLATE, name);
}

/** `a=b,c=d` */
export function labelsIn(written: string): readonly (readonly [string, string])[] {
  return written.split(",").flatMap((one) => {
    const [, key, value = ""] = /^([^=]+)=(.*)$/.exec(one) ?? [];
    return key === undefined ? [] : [[key, value] as const];
  });
}

function freeName(taken: readonly string[]): string {
  for (let count = 1; ; count++) {
    const name = count === 1 ? "notebook" : `notebook-${count}`;
    if (!taken.includes(name)) return name;
  }
}
