/** The program's first line: what Python it is, and what of the SDK it has. */
export interface Hello {
  readonly python: string;
  /** Of the `kfp` that it has imported; null where there is none, or one that cannot be imported. */
  readonly sdk: string | null;
  /** Why an SDK that is there cannot be imported. */
  readonly why: string | null;
  readonly hasPip: boolean;
  /** The system keeps packages of this Python to itself (PEP 668). */
  readonly isManaged: boolean;
}

/**
 * Imports the SDK once, then compiles a file for each line `{"file": …}` of stdin, with a line of JSON for an answer. Each
 * file is imported in a fork, so that nothing of it stays; where there is no fork (Windows) the program ends after one.
 * What the file prints goes to stderr. The person's own Python, 3.8 or newer; nothing but the standard library and kfp.
 * A task's place is where the code of the person calls its component: the classes that kfp 2.0 to 2.17 makes tasks and
 * groups by are watched for it (dsl/base_component.py, tasks_group.py, graph_component.py). Another kfp has no places.
 */
export const COMPILE_PROGRAM = String.raw`import sys

if sys.path and not getattr(sys.flags, "safe_path", False):
    sys.path.pop(0)

import functools
import importlib.machinery
import importlib.util
import inspect
import json
import os
import site
import sysconfig
import traceback

OUT = os.dup(1)
os.dup2(2, 1)


def say(value):
    left = json.dumps(value).encode() + b"\n"
    while left:
        left = left[os.write(OUT, left):]


def hello():
    sdk = why = None
    if importlib.util.find_spec("kfp") is not None:
        try:
            import kfp
            import kfp.compiler
            import kfp.dsl

            sdk = str(getattr(kfp, "__version__", "0"))
        except Exception as error:
            why = words(error)
    marker = os.path.join(sysconfig.get_path("stdlib"), "EXTERNALLY-MANAGED")
    say({
        "python": sys.version.split()[0],
        "sdk": sdk,
        "why": why,
        "hasPip": importlib.util.find_spec("pip") is not None,
        "isManaged": sys.prefix == sys.base_prefix and os.path.exists(marker),
    })


def words(error):
    return "".join(traceback.format_exception_only(type(error), error)[-1:]).strip()[:4000]


def libraries():
    kfp = sys.modules.get("kfp")
    found = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")]
    found += [*getattr(site, "getsitepackages", list)(), site.getusersitepackages()]
    found += [os.path.dirname(kfp.__file__)] if kfp is not None and kfp.__file__ else []
    return tuple(os.path.join(os.path.realpath(one), "") for one in found if one)


@functools.lru_cache(maxsize=None)
def is_own(name):
    """Whether code of that file was written by the person."""
    return os.path.isfile(name) and not os.path.realpath(name).startswith(LIBRARIES)


def here():
    frame = sys._getframe(1)
    while frame is not None:
        if is_own(frame.f_code.co_filename):
            return [frame.f_code.co_filename, frame.f_lineno]
        frame = frame.f_back
    return None


class Places:
    """Where tasks and groups are made, by their names in the pipeline that they are made in."""

    def __init__(self):
        self.open = []
        self.known = {}
        try:
            from kfp.dsl import base_component, graph_component, tasks_group

            self.wrap(base_component.BaseComponent, "__call__", self.call)
            self.wrap(tasks_group.TasksGroup, "__init__", self.group)
            self.wrap(graph_component.GraphComponent, "__init__", self.define)
        except (ImportError, AttributeError):
            pass

    def wrap(self, of, name, around):
        original = getattr(of, name)
        setattr(of, name, functools.wraps(original)(lambda own, *args, **more: around(original, own, *args, **more)))

    def call(self, original, own, *args, **more):
        task = original(own, *args, **more)
        if self.open:
            self.open[-1].append((task, here(), id(own.component_spec)))
        return task

    def group(self, original, own, *args, **more):
        original(own, *args, **more)
        if self.open:
            self.open[-1].append((own, here(), None))

    def define(self, original, own, *args, **more):
        made = []
        self.open.append(made)
        try:
            original(own, *args, **more)
        finally:
            self.open.pop()
        # Groups are renamed when they turn out to have branches. The object is held, so that no other one gets its id.
        names = {getattr(one, "name", ""): (place, inner) for one, place, inner in made}
        self.known[id(own.component_spec)] = (own.component_spec, names)

    def of(self, own, pipeline):
        components, found, left = pipeline.get("components", {}), {}, [20000]

        def walk(component, path, names):
            first = None
            for key, task in component.get("dag", {}).get("tasks", {}).items():
                left[0] -= 1
                if left[0] < 0:
                    break
                place, inner = names.get(key, (None, None))
                below = components.get(task.get("componentRef", {}).get("name", ""), {})
                inside = walk(below, path + key + "/", self.known[inner][1] if inner in self.known else names)
                # What holds the branches of a condition is made by the second one.
                place = inside if key.startswith("condition-branches-") else place
                if place is not None:
                    found[path + key] = place
                    first = place if first is None else min(first, place)
            return first

        walk(pipeline.get("root", {}), "", self.known.get(id(own.component_spec), (None, {}))[1])
        return found

    def parts(self):
        """Ids of what stands in a pipeline."""
        return {inner for _, names in self.known.values() for _, inner in names.values()}


def order_inputs(pipeline, names):
    """As they are written: a message has them in no order."""
    for inputs in pipeline.get("root", {}).get("inputDefinitions", {}).values():
        for name in [one for one in names if one in inputs]:
            inputs[name] = inputs.pop(name)


def compile_file(file):
    from google.protobuf import json_format

    places = Places()
    # Not those of the extension: what the file imports is looked for beside it, as by "python FILE".
    folder = os.path.dirname(file)
    os.chdir(folder)
    sys.path.insert(0, folder)
    sys.argv = [file]
    sys.dont_write_bytecode = True
    name = os.path.splitext(os.path.basename(file))[0]
    name = name if name.isidentifier() and name not in sys.modules else "pipeline_file"
    loader = importlib.machinery.SourceFileLoader(name, file)
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader(name, loader))
    sys.modules[name] = module
    loader.exec_module(module)
    there = {id(one): one for one in vars(module).values() if type(one).__name__ == "GraphComponent"}
    own = [one for one in there.values() if one.pipeline_func.__module__ == name] or list(there.values())
    parts = places.parts()
    pipelines = []
    for one in own:
        function = inspect.unwrap(one.pipeline_func)
        pipeline = json_format.MessageToDict(one.pipeline_spec)
        order_inputs(pipeline, list(inspect.signature(function).parameters))
        pipelines.append({
            "function": function.__name__,
            "file": function.__code__.co_filename,
            "line": function.__code__.co_firstlineno,
            "isPart": id(one.component_spec) in parts,
            "pipeline": pipeline,
            "platform": json_format.MessageToDict(one.platform_spec) if hasattr(one, "platform_spec") else {},
            "places": places.of(one, pipeline),
        })
    return {"pipelines": pipelines}


def failure(error, file):
    """What went wrong, at the innermost place that the person has written."""
    if isinstance(error, SyntaxError) and error.filename and is_own(error.filename):
        end = (getattr(error, "end_lineno", None) or 0, getattr(error, "end_offset", None) or 0)
        place = [error.filename, error.lineno or 1, error.offset or 0, end[1] if end[0] == error.lineno else 0]
    else:
        frames = [one for one in traceback.extract_tb(error.__traceback__) if is_own(one.filename)]
        last = frames[-1] if frames else None
        place = [file, 1, 0, 0]
        if last is not None:
            start, end = getattr(last, "colno", None), getattr(last, "end_colno", None)
            one_line = getattr(last, "end_lineno", None) == last.lineno
            place = [last.filename, last.lineno or 1, 0 if start is None else start + 1, end + 1 if one_line and end is not None else 0]
    text = "The file ended Python." if isinstance(error, SystemExit) else words(error)
    return {"error": {"text": text, "place": place}}


def answer(file):
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    try:
        result = compile_file(file)
    except BaseException as error:
        result = failure(error, file)
    sys.stdout.flush()
    say(result)


hello()
LIBRARIES = libraries()
for line in sys.stdin.buffer:
    file = json.loads(line)["file"]
    if not hasattr(os, "fork"):
        answer(file)
        os._exit(0)
    child = os.fork()
    if child == 0:
        answer(file)
        os._exit(0)
    status = os.waitpid(child, 0)[1]
    if status != 0:
        say({"died": status & 127, "code": status >> 8})
`;
