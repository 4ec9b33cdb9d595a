// The entry of a step: between what a pipeline can hand over (texts and paths) and what the script takes.
import { posix } from "node:path";
import { docText, lay, type Python, quote } from "./python.ts";
import type { Part, Step } from "./plan.ts";

/** Where the entry of a step stands, from the pipeline's folder. */
export function entryPath(id: string): string {
  return `components/${id}/run_step.py`;
}

/** A part that is passed on. */
export function isPassed({ role }: Part): boolean {
  return role.kind !== "left";
}

/** What a part's value stands behind in the component's arguments: the script's own flag, where it has one. */
export function flagOf(step: Step, part: Part): string {
  const { name, argument } = part;
  if (argument !== undefined && argument.flag !== "") return argument.flag;
  if (step.script.style === "script" && !isHandled(step, part)) return "";
  const flag = `--${name.replaceAll("_", "-")}`;
  return step.script.arguments.some((each) => each.flag === flag) ? `${flag}-file` : flag;
}

/** True where the script cannot take what the pipeline hands over as it is. */
export function needsEntry(step: Step): boolean {
  return step.script.style === "function" || step.parts.some(isMade);
}

/** A part that the entry makes into something else. */
function isMade({ argument, file, role, suffix }: Part): boolean {
  if (role.kind === "left") return false;
  if (role.kind === "parameter")
    return role.isOptional || role.type === "list" || (role.type === "bool" && argument?.type !== "booltext");
  return file !== undefined || suffix !== undefined;
}

function isPlace({ argument }: Part): boolean {
  return argument?.flag === "";
}

/** A part that goes through the entry's hands: where a place does, all do, to keep their order. */
function isHandled({ parts }: Step, part: Part): boolean {
  return isMade(part) || (isPlace(part) && parts.some((each) => isPlace(each) && isMade(each)));
}

/** The text of `run_step.py`. */
export function entryFile(step: Step): string {
  const { script } = step;
  const isFunction = script.style === "function";
  const passed = step.parts.filter((part) => isPassed(part) && (isFunction || isHandled(step, part)));
  const run = isFunction ? call(step, passed) : start(step, passed);
  const body = [...before(passed), ...run, ...after(passed)];
  const uses = (text: string): boolean => body.some((line) => line.includes(text));
  const modules = [
    ...(passed.length > 0 ? ["argparse"] : []),
    ...(isFunction ? ["importlib"] : []),
    ...(uses("json.") ? ["json"] : []),
    ...(uses("os.") ? ["os"] : []),
    ...(uses("copy(") ? ["shutil"] : []),
    ...(isFunction ? [] : ["subprocess"]),
    "sys",
  ];
  const imports = modules.map((name) => `import ${name}`);
  if (isFunction || uses("Path(") || uses("copy(")) imports.push("from pathlib import Path");
  const parser = passed.flatMap((part) => inside(argument(flagOf(step, part), part.name)));
  if (passed.length > 0) {
    parser.unshift("parser = argparse.ArgumentParser(add_help=False, allow_abbrev=False)");
    parser.push(isFunction ? "args = parser.parse_args()" : "args, others = parser.parse_known_args()", "");
  }
  const main = [...parser, ...body].map((line) => (line === "" ? "" : `    ${line}`));
  const what = isFunction ? `Calls ${script.function ?? ""} of` : "Runs";
  return [
    `"""${docText(`${what} ${script.script} with what the pipeline hands over.`)}"""`,
    ...["", ...imports, ...(uses("copy(") ? COPY : []), "", "", "def main() -> None:", ...main],
    ...["", "", 'if __name__ == "__main__":', "    main()", ""],
  ].join("\n");
}

/** Lines of `main`, before they are indented. */
function inside(python: Python, indent = 0): readonly string[] {
  return lay(python, indent + 4).map((line) => line.slice(4));
}

function argument(flag: string, name: string): Python {
  const isNamed = flag.startsWith("--") && flag.slice(2).replaceAll("-", "_") === name;
  const items = [quote(flag), ...(isNamed ? [] : [`dest=${quote(name)}`]), "required=True"];
  return { open: "parser.add_argument(", items, close: ")" };
}

const COPY = [
  ...["", "", "def copy(source: str, target: str) -> None:"],
  ...["    Path(target).parent.mkdir(parents=True, exist_ok=True)", "    if Path(source).is_dir():"],
  ...["        shutil.copytree(source, target, dirs_exist_ok=True)", "    else:"],
  "        shutil.copyfile(source, target)",
];

/** Brings in the files that the script looks for by a name of its own. */
function before(parts: readonly Part[]): readonly string[] {
  const lines = parts.flatMap(({ name, file, role, suffix }) => {
    if (role.kind !== "input") return [];
    const target = file ?? (suffix === undefined ? undefined : name + suffix);
    return target === undefined ? [] : inside({ open: "copy(", items: [`args.${name}`, quote(target)], close: ")" });
  });
  return lines.length === 0 ? [] : [...lines, ""];
}

/** Hands on what the script wrote under a name of its own. */
function after(parts: readonly Part[]): readonly string[] {
  const lines = parts.flatMap(({ name, file, role, suffix }) => {
    if (role.kind === "result") return ["", ...result(name, role.type)];
    if (role.kind !== "output") return [];
    if (file !== undefined) return inside({ open: "copy(", items: [quote(file), `args.${name}`], close: ")" });
    if (suffix === undefined) return [];
    return inside({ open: "os.replace(", items: [`args.${name} + ${quote(suffix)}`, `args.${name}`], close: ")" });
  });
  return lines.length === 0 ? [] : [...(lines[0] === "" ? [] : [""]), ...lines];
}

function result(name: string, type: string): readonly string[] {
  const plain = type === "str" || type === "int" || type === "float";
  return [
    `Path(args.${name}).parent.mkdir(parents=True, exist_ok=True)`,
    `Path(args.${name}).write_text(${plain ? "str" : "json.dumps"}(result))`,
  ];
}

/** The script as a program of its own: whatever it does at its end, what follows here is done. */
function start({ script }: Step, parts: readonly Part[]): readonly string[] {
  const given = parts.filter(({ argument: own }) => own !== undefined);
  const sorted = [...given.filter(isPlace), ...given.filter((part) => !isPlace(part))];
  return [
    ...inside({ open: "command = [", items: ["sys.executable", quote(script.script), "*others"], close: "]" }),
    ...sorted.flatMap(passedOn),
    ...["code = subprocess.run(command).returncode", "if code != 0:", "    sys.exit(code)"],
  ];
}

/** The path under which the script reads or writes an artifact. */
function pathOf({ name, role, suffix }: Part): string {
  if (suffix === undefined) return `args.${name}`;
  return role.kind === "output" ? `args.${name} + ${quote(suffix)}` : quote(name + suffix);
}

function passedOn(part: Part): readonly string[] {
  const { name, argument: own, role } = part;
  const value = `args.${name}`;
  const flag = own?.flag ?? "";
  const flags = flag === "" ? [] : [quote(flag)];
  const add = (items: readonly string[], indent = 0): readonly string[] =>
    inside({ open: "command += [", items: [...flags, ...items], close: "]" }, indent);
  if (!isMade(part) || role.kind !== "parameter") return add([pathOf(part)]);
  const isYes = `${value}.lower() == "true"`;
  if (own?.type === "flag") {
    if (own.off !== undefined && own.off !== "") {
      const one = `command.append(${quote(flag)} if ${isYes} else ${quote(own.off)})`;
      return role.isOptional ? [`if ${value}:`, `    ${one}`] : [one];
    }
    // A switch that says no (store_false) is on where it is not given.
    const isNo = own.default?.text === "True";
    return [`if ${isNo ? `${value}.lower() != "true"` : isYes}:`, `    command.append(${quote(flag)})`];
  }
  // argparse's type=bool takes every text but the empty one for true.
  if (role.type === "bool") return add([`"true" if ${isYes} else ""`]);
  if (role.type !== "list") return [`if ${value}:`, ...add([value], 4)];
  if (own?.repeat === true)
    return [`for value in json.loads(${value}):`, `    command += [${quote(flag)}, str(value)]`];
  return [`if json.loads(${value}):`, ...add([`*map(str, json.loads(${value}))`], 4)];
}

function call(step: Step, parts: readonly Part[]): readonly string[] {
  const { script, function: name } = step.script;
  const module = posix.basename(script).replace(/\.py$/i, "");
  const folder = posix.dirname(script);
  const items = parts.flatMap((part): readonly Python[] => {
    const own = part.argument;
    if (own === undefined) return [];
    return [converted(part, own.positional === true ? "" : `${own.name}=`)];
  });
  const result = parts.some(({ role }) => role.kind === "result") ? "result = " : "";
  return [
    "root = Path(__file__).resolve().parents[2]",
    ...(folder === "."
      ? ["sys.path.insert(0, str(root))"]
      : [`folder = ${quote(folder)}`, "sys.path[:0] = [str(root / folder), str(root)]"]),
    ...inside({ open: "module = importlib.import_module(", items: [quote(module)], close: ")" }),
    ...inside({ open: `${result}module.${name ?? ""}(`, items, close: ")" }),
  ];
}

function converted(part: Part, open: string): Python {
  const { argument: own, role } = part;
  const value = pathOf(part);
  const isPath = own?.type === "path" ? "path" : "str";
  if (role.kind !== "parameter") return open + typed(isPath, value);
  if (!role.isOptional) return open + typed(role.type === "str" ? isPath : role.type, value);
  const made = typed(own?.type ?? "str", value);
  if (own?.type === "list" || made === value) return `${open}${made} or None`;
  return { open, choice: [made, `if ${value}`, "else None"] };
}

function typed(type: string, value: string): string {
  if (type === "int" || type === "float") return `${type}(${value})`;
  if (type === "bool") return `${value}.lower() == "true"`;
  if (type === "list" || type === "dict") return `json.loads(${value})`;
  return type === "path" ? `Path(${value})` : value;
}
