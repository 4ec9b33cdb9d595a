/**
 * Half of the program that reads step scripts (readerProgram.ts): which argument, or which file that the text names,
 * reaches a call that reads or writes files, through names, calls of the script's own functions and joins of paths.
 */
export const READER_FLOW = String.raw`import ast
import json
import re
import sys

WRITERS = re.compile(
    r"(to_(csv|parquet|json|pickle|excel|feather|hdf|stata|orc|netcdf|zarr|file)|save\w*|dump|tofile"
    r"|write_(table|csv|parquet|json|ipc|image|html|dataset|video|png|jpeg)|sink_\w+|im(write|save)|export\w*)$"
)
READERS = re.compile(
    r"(read_\w+|scan_\w+|load|loadtxt|load_(model|weights|state_dict|npz|file|img|checkpoint|from_checkpoint|svmlight_file)"
    r"|genfromtxt|fromfile|imread|open_dataset|listdir|scandir|walk|i?glob|ImageFolder|DatasetFolder)$"
)
SAME = {"Path", "PurePath", "str", "fspath", "abspath", "realpath", "expanduser", "expandvars", "normpath"}
SAME_OWN = {"resolve", "expanduser", "absolute", "as_posix", "strip", "with_suffix"}
PATHS = {"path", "fname", "filename", "path_or_buf", "filepath", "filepath_or_buffer", "file", "f", "fp", "save_directory",
         "where", "root", "io", "dst", "src"}
TYPES = {"int": "int", "float": "float", "str": "str", "bool": "bool", "Path": "path", "PosixPath": "path",
         "INT": "int", "FLOAT": "float", "STRING": "str", "BOOL": "bool", "list": "list", "List": "list",
         "Sequence": "list", "Iterable": "list", "tuple": "list", "Tuple": "list", "dict": "dict", "Dict": "dict",
         "Mapping": "dict", "PathLike": "path", "AnyStr": "str", "IntRange": "int", "FloatRange": "float"}
NOTHING = object()


def last(node):
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def base(node):
    return last(node.value) if isinstance(node, ast.Attribute) else ""


def words(call):
    return {k.arg: k.value for k in call.keywords if k.arg}


def text(node):
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


class Flow:
    def __init__(self, tree):
        self.tree = tree
        self.functions = {}
        self.starts = {
            one.name: inner
            for one in ast.walk(tree) if isinstance(one, ast.ClassDef)
            for inner in one.body if isinstance(inner, ast.FunctionDef) and inner.name == "__init__"
        }
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
                self.functions.setdefault(node.name, node)
        self.own = {}
        for name, node in self.functions.items():
            for inner in ast.walk(node):
                self.own.setdefault(inner, name)
        self.names = {}
        self.returned = {}
        self.arguments = {}
        self.notes = []
        self.files = {}
        self.style = "plain"
        self.function = None
        self.returns = None
        self.imported = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for each in node.names:
                    self.imported[each.asname or each.name.split(".")[0]] = each.name.split(".")[0]
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                for each in node.names:
                    self.imported[each.asname or each.name] = node.module.split(".")[0]

    # What a text says before it runs.

    def constant(self, node):
        try:
            return ast.literal_eval(node)
        except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
            pass
        if isinstance(node, ast.Name):
            found = [n.value for n in self.tree.body if isinstance(n, ast.Assign) and last(n.targets[0]) == node.id]
            if len(found) == 1 and not isinstance(found[0], ast.Name):
                return self.constant(found[0])
        if isinstance(node, ast.Call) and last(node.func) in ("Path", "str") and len(node.args) == 1:
            return self.constant(node.args[0])
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Mult, ast.Add, ast.Sub, ast.Div)):
            left, right = self.constant(node.left), self.constant(node.right)
            if all(type(v) in (int, float) for v in (left, right)):
                if isinstance(node.op, ast.Mult):
                    return left * right
                if isinstance(node.op, ast.Div):
                    return left / right if right else NOTHING
                return left + right if isinstance(node.op, ast.Add) else left - right
        return NOTHING

    # Which argument, or which file that the text names, a value is: ("arg", name, "whole" or "part") or ("file", path, "").

    def values(self, node, depth=0):
        if node is None or depth > 12:
            return set()
        again = lambda n: self.values(n, depth + 1)
        if isinstance(node, ast.Constant):
            return {("file", node.value, "")} if isinstance(node.value, str) and node.value else set()
        if isinstance(node, ast.Name):
            scope = self.own.get(node)
            return self.names.get((scope, node.id), set()) | self.names.get((None, node.id), set())
        if isinstance(node, ast.Attribute):
            if last(node.value) in ("self", "cls"):
                return self.names.get(("self", node.attr), set())
            return {("arg", node.attr, "whole")} if ("given", "", "") in again(node.value) else set()
        if isinstance(node, ast.Subscript):
            if last(node.value) == "argv" and isinstance(node.slice, ast.Constant) and type(node.slice.value) is int:
                return {("arg", "argument_%d" % node.slice.value, "whole")}
            key = text(node.slice)
            return {("arg", key, "whole")} if key and ("given", "", "") in again(node.value) else set()
        if isinstance(node, ast.JoinedStr):
            parts = [p.value if isinstance(p, ast.FormattedValue) else p for p in node.values]
            return self.joined(parts, again, "") if parts else set()
        if isinstance(node, ast.BinOp) and isinstance(node.op, (ast.Div, ast.Add)):
            return self.joined([node.left, node.right], again, "/" if isinstance(node.op, ast.Div) else "")
        if isinstance(node, ast.IfExp):
            return again(node.body) | again(node.orelse)
        if isinstance(node, ast.BoolOp):
            return set().union(*map(again, node.values))
        if isinstance(node, ast.NamedExpr):
            return again(node.value)
        if isinstance(node, ast.Call):
            name = last(node.func)
            if name in ("parse_args", "parse_known_args", "parse_intermixed_args"):
                return {("given", "", "")}
            if name == "vars" and node.args:
                return again(node.args[0])
            if name in SAME and len(node.args) == 1:
                return again(node.args[0])
            if name in ("int", "float") and len(node.args) == 1:
                return again(node.args[0])
            if isinstance(node.func, ast.Attribute) and name in SAME_OWN:
                return again(node.func.value)
            if name in ("join", "Path", "PurePath") and len(node.args) > 1:
                return self.joined(node.args, again, "/")
            if name == "joinpath" and isinstance(node.func, ast.Attribute):
                return self.joined([node.func.value] + node.args, again, "/")
            return self.returned.get(name, set()) if isinstance(node.func, ast.Name) else set()
        return set()

    def joined(self, parts, again, between):
        first = again(parts[0])
        if len(parts) == 1:
            return first
        rest = [again(p) for p in parts[1:]]
        found = {(k, n, "part") for k, n, _ in first if k == "arg"}
        paths = [n for k, n, _ in first if k == "file"]
        for each in rest:
            if len(each) != 1 or next(iter(each))[0] != "file":
                return found
            paths = [p.rstrip("/") + between + next(iter(each))[1] if between else p + next(iter(each))[1] for p in paths]
        return found | {("file", p, "") for p in paths}

    def bind(self, scope, name, found):
        if not found:
            return
        known = self.names.setdefault((scope, name), set())
        if not found <= known and len(known) < 40:
            known |= found
            self.changed = True

    def follow(self):
        for _ in range(8):
            self.changed = False
            for node in ast.walk(self.tree):
                scope = self.own.get(node)
                if isinstance(node, ast.Assign):
                    found = self.values(node.value)
                    for target in node.targets:
                        for each in target.elts if isinstance(target, (ast.Tuple, ast.List)) else [target]:
                            if isinstance(each, ast.Name):
                                self.bind(scope, each.id, found)
                            elif isinstance(each, ast.Attribute) and last(each.value) == "self":
                                self.bind("self", each.attr, found)
                elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and isinstance(node.target, ast.Name):
                    self.bind(scope, node.target.id, self.values(node.value))
                elif isinstance(node, ast.Return) and scope:
                    found = self.values(node.value)
                    if not found <= self.returned.get(scope, set()):
                        self.returned.setdefault(scope, set()).update(found)
                        self.changed = True
                elif isinstance(node, ast.Call):
                    self.enter(node)
            if not self.changed:
                return

    def enter(self, call):
        """What is passed to a function, a method or a class of the script."""
        name = last(call.func)
        inside = self.starts.get(name) or self.functions.get(name)
        if inside is None:
            return
        named = [a.arg for a in inside.args.posonlyargs + inside.args.args]
        for name, value in list(zip(named[named[:1] == ["self"] :], call.args)) + list(words(call).items()):
            self.bind(inside.name, name, self.values(value))

    def mark(self, node, what, suffix=""):
        for kind, name, part in self.values(node):
            if kind == "arg" and name in self.arguments:
                one = self.arguments[name]
                one[what] = True
                if suffix and part == "whole":
                    one["suffix"] = suffix
            elif kind == "file" and re.match(r"[^/\\~:*?{}<>|\n]+(/[^/\\:*?{}<>|\n]+)*$", name) and ".." not in name:
                path = name if not suffix or re.search(r"\.\w+$", name) else name + suffix
                self.files.setdefault(path[2:] if path.startswith("./") else path, {})[what] = True

    def uses(self):
        keras = any(each in ("keras", "tensorflow") for each in self.imported.values())
        for call in (n for n in ast.walk(self.tree) if isinstance(n, ast.Call)):
            name, where, given = last(call.func), base(call.func), words(call)
            own = call.func.value if isinstance(call.func, ast.Attribute) else None
            from_numpy = self.imported.get(where or name) in ("numpy", "cupy")
            if name in ("open", "urlopen"):
                as_method = own is not None and bool(self.values(own))
                at = 0 if as_method else 1
                mode = given.get("mode", call.args[at] if len(call.args) > at else None)
                path = own if as_method else call.args[0] if call.args else given.get("file")
                letters = text(mode) or "r"
                self.mark(path, "writes" if re.search("[wax]", letters) else "reads")
            elif name in ("write_text", "write_bytes", "touch", "mkdir") and own is not None:
                self.mark(own, "writes")
            elif name in ("makedirs", "mkdir") and call.args:
                self.mark(call.args[0], "writes")
            elif name in ("read_text", "read_bytes", "iterdir", "glob", "rglob") and own is not None and where != "glob":
                self.mark(own, "reads")
            elif (where == "shutil" or name == "urlretrieve") and len(call.args) > 1:
                self.mark(call.args[0], "reads")
                self.mark(call.args[1], "writes")
            elif WRITERS.match(name) or READERS.match(name):
                suffix = ""
                if name in ("save", "savez", "savez_compressed") and from_numpy:
                    suffix = ".npy" if name == "save" else ".npz"
                elif name == "savefig":
                    suffix = ".png"
                elif name == "save" and keras and not from_numpy:
                    suffix = ".keras"
                what = "writes" if WRITERS.match(name) else "reads"
                paths = call.args[:2] if what == "writes" else call.args[:1]
                if where == "dump" or name == "dump":
                    paths = call.args[1:2]
                for path in paths + [v for k, v in given.items() if k in PATHS]:
                    self.mark(path, what, suffix)
`;
