// The text of `pipeline.py`: an image for each step, the components, the pipeline.
import { firstImage } from "../images/components.ts";
import { entryPath, flagOf, isPassed, needsEntry } from "./entryFile.ts";
import { functionName, type Part, type Plan, type Step } from "./plan.ts";
import { docstring, docText, lay, type Python, quote, wrap } from "./python.ts";
import type { Literal } from "./readScripts.ts";

/** `PREPROCESS_IMAGE` of the step `preprocess`. */
function imageConstant(id: string): string {
  return `${id.toUpperCase()}_IMAGE`;
}

/** @param images of steps that have one, by their ids; the others get one without registry */
export function pipelineFile(plan: Plan, images: ReadonlyMap<string, string>): string {
  const { name, steps } = plan;
  const titles = steps.map(({ id }) => id.replaceAll("_", " ")).join(", ");
  const head = wrap(`"""Pipeline ${name}: ${titles}.`, 0, 0);
  const named = ({ id }: Step): string => images.get(id) ?? firstImage(name, id);
  return [
    ...head,
    ...["", "python pipeline.py compiles it into pipeline.yaml.", '"""', "", "from kfp import compiler, dsl", ""],
    "# The image of each step. Build and Push Image puts the digest here.",
    ...steps.map((step) => `${imageConstant(step.id)} = ${quote(named(step))}`),
    ...steps.flatMap((step) => ["", "", ...component(step, steps)]),
    ...["", "", ...pipeline(plan)],
    ...["", "", 'if __name__ == "__main__":'],
    ...lay({ open: "compiler.Compiler().compile(", items: [functionName(name), '"pipeline.yaml"'], close: ")" }, 4),
    "",
  ].join("\n");
}

function component(step: Step, steps: readonly Step[]): readonly string[] {
  const { id, script } = step;
  const parts = step.parts.filter(isPassed);
  const doc = docText(script.doc === "" ? `Runs ${script.script}.` : script.doc);
  const program = needsEntry(step) ? entryPath(id) : script.script;
  const args = argumentsOf(step, parts);
  const items: Python[] = [
    `image=${imageConstant(id)}`,
    { open: "command=[", items: ['"python"', quote(program)], close: "]" },
  ];
  if (args.length > 0) items.push({ open: "args=[", items: args, close: "]" });
  return [
    "@dsl.container_component",
    ...lay({ open: `def ${id}(`, items: parts.map((part) => `${part.name}: ${annotation(part, steps)}`), close: "):" }),
    ...docstring(doc),
    ...lay({ open: "return dsl.ContainerSpec(", items, close: ")" }, 4),
  ];
}

function annotation({ role }: Part, steps: readonly Step[]): string {
  if (role.kind === "input") {
    const made = steps.find(({ id }) => id === role.from)?.parts.find(({ name }) => name === role.output)?.role;
    return `dsl.Input[dsl.${made?.kind === "output" ? made.type : "Artifact"}]`;
  }
  if (role.kind === "output") return `dsl.Output[dsl.${role.type}]`;
  if (role.kind === "result") return `dsl.OutputPath(${role.type})`;
  return role.kind === "parameter" ? role.type : "str";
}

function argumentsOf(step: Step, parts: readonly Part[]): readonly string[] {
  const value = ({ name, role }: Part): string =>
    role.kind === "input" || role.kind === "output" ? `${name}.path` : name;
  // Places first: a list behind a flag would take them in.
  const flags = parts.map((part) => ({ part, flag: flagOf(step, part) }));
  const sorted = [...flags.filter(({ flag }) => flag === ""), ...flags.filter(({ flag }) => flag !== "")];
  return sorted.flatMap(({ part, flag }) => [...(flag === "" ? [] : [quote(flag)]), value(part)]);
}

interface Input {
  readonly name: string;
  readonly type: string;
  readonly default?: Literal;
  readonly help: string;
}

/** Of the pipeline, those without a default first. */
function inputsOf(steps: readonly Step[]): readonly Input[] {
  const inputs = new Map<string, Input>();
  for (const step of steps)
    for (const { argument, role } of step.parts) {
      if (role.kind !== "parameter" || (inputs.has(role.input) && inputs.get(role.input)?.help !== "")) continue;
      const { help = "", choices } = argument ?? {};
      const known = docText(
        help.replaceAll("%%", "%").replace(/\s*[([]?(default:?\s*)?%\(\w+\)\w[)\]]?/gi, ""),
      ).replace(/[^.!?]$/, "$&.");
      const about = [known, choices === undefined ? "" : `One of ${docText(choices.join(", "))}.`];
      if (role.isOptional && role.type === "str") about.push(emptyWords(argument?.type ?? "str"));
      const text = about.filter((each) => each !== "").join(" ");
      inputs.set(role.input, {
        ...{ name: role.input, type: role.type, help: text },
        ...(role.default === undefined ? {} : { default: role.default }),
      });
    }
  const all = [...inputs.values()];
  return [...all.filter((input) => input.default === undefined), ...all.filter((input) => input.default !== undefined)];
}

function emptyWords(type: string): string {
  if (type === "int") return "A whole number; empty leaves it to the script.";
  if (type === "float") return "A number; empty leaves it to the script.";
  return type === "flag" || type === "booltext" || type === "bool"
    ? "true or false; empty leaves it to the script."
    : "Empty leaves it to the script.";
}

function pipeline({ name, steps }: Plan): readonly string[] {
  const inputs = inputsOf(steps);
  const about = inputs.filter(({ help }) => help !== "");
  const scripts = docText(`Runs ${steps.map(({ script }) => script.script).join(", ")}.`);
  const lines = about.flatMap(({ name: input, help }) => wrap(`${input}: ${help}`, 8, 12));
  return [
    `@dsl.pipeline(name=${quote(name)})`,
    ...lay({ open: `def ${functionName(name)}(`, items: inputs.map(signature), close: "):" }),
    ...docstring(scripts, lines.length === 0 ? [] : ["", "    Args:", ...lines]),
    ...steps.flatMap((step) => task(step, steps)),
  ];
}

function signature({ name, type, default: known }: Input): Python {
  if (known === undefined) return `${name}: ${type}`;
  const value = literal(known);
  const head = `${name}: ${type} = `;
  return typeof value === "string" ? head + value : { ...value, open: head + value.open };
}

function literal({ text, open, items, key }: Literal): Python {
  const head = key === undefined ? "" : `${key}: `;
  if (open === undefined) return head + (text ?? '""');
  return { open: head + open, items: (items ?? []).map(literal), close: open === "[" ? "]" : "}" };
}

function task(step: Step, steps: readonly Step[]): readonly string[] {
  const items = step.parts.flatMap(({ name, role }) => {
    if (role.kind === "input") return [`${name}=${role.from}_task.outputs[${quote(role.output)}]`];
    return role.kind === "parameter" ? [`${name}=${role.input}`] : [];
  });
  // What a step without outputs does outside is done in each run.
  const isCached = step.parts.some(({ role }) => role.kind === "output" || role.kind === "result");
  const isNamed =
    !isCached ||
    step.after.length > 0 ||
    steps.some(
      ({ parts, after }) =>
        after.includes(step.id) || parts.some(({ role }) => role.kind === "input" && role.from === step.id),
    );
  return [
    ...lay({ open: `${isNamed ? `${step.id}_task = ` : ""}${step.id}(`, items, close: ")" }, 4),
    ...(step.after.length === 0
      ? []
      : [`    ${step.id}_task.after(${step.after.map((id) => `${id}_task`).join(", ")})`]),
    ...(isCached ? [] : [`    ${step.id}_task.set_caching_options(False)`]),
  ];
}
