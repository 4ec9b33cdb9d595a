// The form: where, what, how much of it, what of Kubeflow goes into it, and where the state goes.
import type { StatePlace } from "../../src/contract/wish.ts";
import { type Child, h, type VNode } from "../ui/dom.ts";
import { checkbox } from "../ui/elements.ts";
import { fieldId, folder, type FormContext, list, number, oneOf, pick, said, several, text, toggle } from "./fields.ts";
import { kubeflowFields } from "./kubeflow.ts";
import { locked } from "./state.ts";
import { TOOL_WORDS, WHERE_WORDS, WORDS } from "./words.ts";

export function form(context: FormContext): VNode[] {
  const parts = context.state.wizard.mode === "install" ? kubeflowPart(context, undefined) : clusterParts(context);
  // What is said about fields that are not shown must be read, too.
  const homeless = context.found.filter(({ field }) => !context.shown.has(field));
  const above = homeless.map((finding, index) => said(context, finding, `says-${index}`, finding.field));
  return above.length === 0 ? parts : [h("section", { key: "above", class: "part" }, above), ...parts];
}

function clusterParts(context: FormContext): VNode[] {
  const { wish, state } = context;
  const wheres = Object.entries(WHERE_WORDS).map(([value, label]) => ({ value, label }));
  const choose = (value: string): void => context.dispatch({ type: "edit", path: "where", value });
  return [
    h(
      "section",
      { key: "where", class: "part" },
      oneOf(context, "where", WORDS.where, wheres, wish.where, choose, { fixed: true }),
      text(context, "name", WORDS.name, { fixed: true }),
      state.wizard.mode === "edit" && h("p", { class: "hint" }, WORDS.fixed),
    ),
    ...(wish.where === "local" ? localParts(context) : cloudParts(context, wish.where)),
  ];
}

function cloudParts(context: FormContext, where: "gke" | "eks"): VNode[] {
  const account =
    where === "gke"
      ? pick(context, "gke.project", WORDS.project, { fixed: true })
      : pick(context, "eks.profile", WORDS.profile, { fixed: true });
  const networks = { hint: WORDS.networksHint[where], placeholder: WORDS.networksExample };
  return [
    part("place", undefined, [
      h("div", { class: "row" }, account, pick(context, `${where}.region`, WORDS.region, { fixed: true })),
      where === "gke" && several(context, "gke.zones", WORDS.zones, WORDS.noZones),
      where === "eks" && pick(context, "eks.version", WORDS.version),
    ]),
    part("cpu", WORDS.cpuPool, [
      h(
        "div",
        { class: "row pool" },
        pick(context, `${where}.cpu.machine`, WORDS.machine),
        number(context, `${where}.cpu.nodes`, WORDS.nodes),
        number(context, `${where}.cpu.maxNodes`, WORDS.maxNodes),
      ),
    ]),
    gpuPart(context, where),
    ...kubeflowPart(context, WORDS.kubeflow),
    part("access", WORDS.access, [
      list(context, `${where}.authorizedNetworks`, WORDS.networks, networks),
      where === "gke" && toggle(context, "gke.protect", WORDS.protect),
    ]),
    statePart(context, where),
  ];
}

function gpuPart(context: FormContext, where: "gke" | "eks"): VNode {
  const path = `${where}.gpu`;
  const pool = context.wish[where].gpu;
  const id = fieldId(path);
  const looks = { id, label: WORDS.gpuOn, disabled: locked(context.state), invalid: false, describedBy: [] };
  const on = checkbox(looks, pool !== null, (checked) => context.dispatch({ type: "gpu", on: checked }));
  if (pool === null) return part("gpu", WORDS.gpuPool, [on]);
  return part("gpu", WORDS.gpuPool, [
    on,
    pick(context, `${path}.gpu`, WORDS.gpu),
    pick(context, `${path}.machine`, WORDS.machine),
    h(
      "div",
      { class: "row" },
      pick(context, `${path}.perNode`, WORDS.perNode, { numeric: true }),
      number(context, `${path}.maxNodes`, WORDS.maxNodes, { hint: WORDS.gpuEmpty[where] }),
    ),
    toggle(context, `${path}.spot`, WORDS.spot),
  ]);
}

function localParts(context: FormContext): VNode[] {
  const { local } = context.wish;
  const tools = Object.entries(TOOL_WORDS).map(([value, label]) => ({ value, label }));
  const choose = (value: string): void => context.dispatch({ type: "edit", path: "local.tool", value });
  return [
    part("tool", undefined, [
      oneOf(context, "local.tool", WORDS.tool, tools, local.tool, choose, { fixed: true }),
      pick(context, "local.version", WORDS.version, { placeholder: WORDS.versionDefault }),
    ]),
    part("size", WORDS.size, [
      h(
        "div",
        { class: "row thirds" },
        number(context, "local.cpus", WORDS.cpus),
        number(context, "local.memoryGiB", WORDS.memory),
        number(context, "local.diskGiB", WORDS.disk),
      ),
      toggle(context, "local.gpus", WORDS.localGpus),
    ]),
    ...(local.tool === "k3d"
      ? [
          part("k3d", WORDS.k3dParts, [
            toggle(context, "local.registry", WORDS.registry),
            folder(context, "local.volume", WORDS.volume),
          ]),
        ]
      : []),
    ...kubeflowPart(context, WORDS.kubeflow),
  ];
}

/** Which parts of Kubeflow go into the cluster; nothing where the extension offers none. */
function kubeflowPart(context: FormContext, title: string | undefined): VNode[] {
  const fields = kubeflowFields(context);
  return fields.length === 0 ? [] : [part("kubeflow", title, fields)];
}

function statePart(context: FormContext, where: "gke" | "eks"): VNode {
  const place = context.wish.state;
  const options = [
    { value: "shared", label: WORDS.stateShared },
    { value: "mine", label: WORDS.stateMine },
  ];
  const choose = (value: string): void => {
    if (value === place.kind) return;
    const next: StatePlace = value === "shared" ? { kind: "shared", bucket: "", prefix: "" } : { kind: "mine" };
    if (value === "shared" || value === "mine") context.dispatch({ type: "edit", path: "state", value: next });
  };
  const kind = place.kind === "unset" ? undefined : place.kind;
  return part("state", WORDS.state, [
    oneOf(context, "state", WORDS.statePlace, options, kind, choose, { hint: WORDS.stateHint, fixed: true }),
    place.kind === "shared" &&
      h(
        "div",
        { key: "bucket", class: "row" },
        text(context, "state.bucket", WORDS.bucket[where], { fixed: true }),
        text(context, "state.prefix", WORDS.prefix, { fixed: true }),
      ),
  ]);
}

function part(key: string, title: string | undefined, children: readonly Child[]): VNode {
  if (title === undefined) return h("section", { key, class: "part" }, ...children);
  return h("fieldset", { key, class: "part" }, h("legend", {}, title), ...children);
}
