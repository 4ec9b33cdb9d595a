import { READER_FLOW } from "./readerFlow.ts";

/**
 * Reads step scripts with the person's own Python, by their syntax alone: nothing of them is imported or run. Standard
 * library alone, Python 3.8 or newer. stdin: a JSON list of `{file, imports}`; stdout: a `ReadAnswer` (readScripts.ts).
 */
export const READER_PROGRAM = String.raw`${READER_FLOW}

class Script(Flow):
    def add(self, name, **what):
        if name and name not in self.arguments:
            self.arguments[name] = {"name": name, **what}

    def kind(self, node):
        """(type, optional, choices) of an annotation or of type=."""
        if node is None:
            return None, False, None
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            try:
                return self.kind(ast.parse(node.value, mode="eval").body)
            except SyntaxError:
                return "object", False, None
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitOr):
            sides = [s for s in (node.left, node.right) if not (isinstance(s, ast.Constant) and s.value is None)]
            return (self.kind(sides[0])[0] if len(sides) == 1 else "str", len(sides) == 1, None)
        if isinstance(node, ast.Subscript):
            name, inner = last(node.value), node.slice
            if type(inner).__name__ == "Index":  # Python 3.8
                inner = inner.value
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            if name == "Optional":
                return self.kind(inner)[0], True, None
            if name == "Annotated":
                return self.kind(parts[0])
            if name == "Literal":
                return "str", False, [str(self.constant(p)) for p in parts]
            if name == "Union":
                real = [p for p in parts if not (isinstance(p, ast.Constant) and p.value is None)]
                return (self.kind(real[0])[0] if real else "str", len(real) < len(parts), None)
            return TYPES.get(name, "object"), False, None
        if isinstance(node, ast.Call):
            name = last(node.func)
            if name == "FileType":
                return "path", False, None
            if name == "Choice" and node.args:
                found = self.constant(node.args[0])
                return "str", False, [str(v) for v in found] if isinstance(found, (list, tuple)) else None
            if name in ("Path", "File"):
                return "path", False, None
            return TYPES.get(name, "str"), False, None
        name = last(node)
        if "bool" in name.lower() and name not in ("bool", "BOOL"):
            return "booltext", False, None
        return TYPES.get(name, "object"), False, None

    def common(self, given, **more):
        found = {}
        default = self.constant(given["default"]) if "default" in given else None
        if default is NOTHING:
            found["computed"] = True
        elif default is not None:
            found["default"] = default
        choices = self.constant(given["choices"]) if "choices" in given else None
        if isinstance(choices, (list, tuple)):
            found["choices"] = [str(c) for c in choices]
        help_text = self.constant(given["help"]) if "help" in given else None
        if isinstance(help_text, str):
            found["help"] = help_text
        return {**found, **more}

    def argparse(self):
        inner = set()
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and last(node.value.func) == "add_parser":
                inner |= {last(t) for t in node.targets}
                if "commands" not in self.notes:
                    self.notes.append("commands")
        calls = [n for n in ast.walk(self.tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]
        calls = [n for n in calls if n.func.attr == "add_argument"]
        for call in sorted(calls, key=lambda n: (n.lineno, n.col_offset)):
            names = [text(a) for a in call.args]
            if not names or None in names or last(call.func.value) in inner:
                continue
            given = words(call)
            flags = [n for n in names if n.startswith("-")]
            flag = next((f for f in flags if f.startswith("--")), flags[0] if flags else "")
            name = text(given.get("dest")) or (flag.lstrip("-") if flag else names[0]).replace("-", "_")
            action = text(given.get("action")) or last(given.get("action"))
            if action in ("help", "version", "count", "store_const", "append_const"):
                continue
            kind, _, choices = self.kind(given.get("type"))
            nargs = self.constant(given["nargs"]) if "nargs" in given else None
            required = self.constant(given["required"]) is True if "required" in given else False
            one = self.common(given, flag=flag, type=kind, required=required or (not flag and nargs not in ("?", "*")))
            if choices and "choices" not in one:
                one["choices"] = choices
            if isinstance(given.get("type"), ast.Call) and last(given["type"].func) == "FileType":
                mode = text(given["type"].args[0]) if given["type"].args else "r"
                one["writes" if re.search("[wax]", mode or "r") else "reads"] = True
            if action in ("store_true", "store_false"):
                one.update(type="flag", default=action == "store_false", required=False)
            elif action == "BooleanOptionalAction":
                one.update(type="flag", off="--no-" + flag[2:], required=False)
            elif action in ("append", "extend") and nargs is None:
                one.update(type="list", repeat=True)
            elif nargs in ("+", "*") or type(nargs) is int and nargs > 0:
                one.update(type="list")
            if one["type"] == "list" and isinstance(one.get("default"), tuple):
                one["default"] = list(one["default"])
            if one["type"] is None and type(one.get("default")) in (int, float, bool, list, dict):
                one["untyped"] = True
            self.style = "script"
            self.add(name, **one)

    def click(self):
        for function in self.functions.values():
            for call in (d for d in function.decorator_list if isinstance(d, ast.Call)):
                if last(call.func) not in ("option", "argument") or "click" not in self.imported.values():
                    continue
                names = [text(a) for a in call.args if text(a)]
                given = words(call)
                flags = [n for n in names if n.startswith("-")]
                flag = next((f for f in flags if f.startswith("--")), flags[0] if flags else "")
                flag, _, off = flag.partition("/")
                plain = [n for n in names if not n.startswith("-")]
                name = plain[0] if plain else flag.lstrip("-").replace("-", "_").lower()
                kind, _, choices = self.kind(given.get("type"))
                value = lambda key: self.constant(given[key]) if key in given else None
                required = value("required")
                one = self.common(given, flag=flag, type=kind)
                one["required"] = required is True if flag else required is not False and "default" not in given
                if choices:
                    one["choices"] = choices
                if isinstance(given.get("type"), ast.Call) and last(given["type"].func) == "File":
                    mode = text(given["type"].args[0]) if given["type"].args else "r"
                    one["writes" if re.search("[wax]", mode or "r") else "reads"] = True
                if value("is_flag") is True or off:
                    one.update(type="flag", required=False, default=one.get("default") is True, off=off.strip())
                elif value("multiple") is True or value("nargs") == -1:
                    one.update(type="list", repeat=bool(flag), default=list(one.get("default") or []))
                elif kind is None and type(one.get("default")) in (int, float, bool):
                    one["type"] = type(one["default"]).__name__  # as click takes it
                if one["type"] == "bool":
                    one["type"] = "booltext"
                self.style = "script"
                self.add(name, **one)
                self.bind(function.name, name, {("arg", name, "whole")})

    def argv(self):
        for node in ast.walk(self.tree):
            if not isinstance(node, ast.Assign) or not isinstance(node.targets[0], ast.Name):
                continue
            value, kind = node.value, "str"
            if isinstance(value, ast.Call) and last(value.func) in ("int", "float", "Path") and len(value.args) == 1:
                kind, value = TYPES[last(value.func)], value.args[0]
            for what, name, part in self.values(value) if isinstance(value, ast.Subscript) else ():
                if what == "arg" and name.startswith("argument_") and name not in self.arguments:
                    self.style = "script"
                    at = int(name[9:])
                    self.add(name, label=node.targets[0].id, flag="", type=kind, required=True, at=at)
        found = sorted(self.arguments.values(), key=lambda a: a["at"])
        if [a["at"] for a in found] != list(range(1, len(found) + 1)):
            self.arguments, self.style = {}, "plain"

    def signature(self):
        starts, block = [], None
        for node in self.tree.body:
            if isinstance(node, ast.If) and "__name__" in ast.dump(node.test):
                block = node.body
                for call in (n for n in ast.walk(node) if isinstance(n, ast.Call)):
                    starts += [last(call.func)] + [last(a) for a in call.args]
        public = [n for n in self.tree.body if isinstance(n, ast.FunctionDef) and not n.name.startswith("_")]
        named = [f for f in public if f.name in starts] if block is not None and len(block) == 1 else []
        if block is None:
            named = [f for f in public if f.name in ("main", "run", self.stem)] or (public if len(public) == 1 else [])
        commands = [f for f in public if any(last(getattr(d, "func", d)) == "command" for d in f.decorator_list)]
        for function in commands[:1] or named[:1]:
            a = function.args
            if a.vararg or not (a.posonlyargs or a.args or a.kwonlyargs) and block is not None:
                continue
            every = a.posonlyargs + a.args
            defaults = [None] * (len(every) - len(a.defaults)) + a.defaults + a.kw_defaults
            found = {}
            for one, default in zip(every + a.kwonlyargs, defaults):
                kind, optional, choices = self.kind(one.annotation)
                if isinstance(default, ast.Call) and last(default.func) in ("Option", "Argument"):
                    more = words(default)
                    default = default.args[0] if default.args else more.get("default")
                    given = {"help": more["help"]} if "help" in more else {}
                else:
                    given = {}
                if isinstance(default, ast.Constant) and default.value is Ellipsis:
                    default = None
                if default is not None:
                    given["default"] = default
                what = self.common(given, type=kind, required=default is None and not optional)
                if kind is None and "default" in what:
                    what["type"] = TYPES.get(type(what["default"]).__name__, "object")
                if isinstance(what.get("default"), tuple):
                    what["default"] = list(what["default"])
                if choices:
                    what["choices"] = choices
                if one in a.posonlyargs:
                    what["positional"] = True
                if (kind == "object" or what["type"] not in (None, *TYPES.values())) and what["required"]:
                    self.notes.append("object")
                    return
                found[one.arg] = {"name": one.arg, "flag": "", **what}
            self.arguments, self.style, self.function = found, "function", function.name
            for name in found:
                self.bind(function.name, name, {("arg", name, "whole")})
            kind = self.kind(function.returns)[0]
            self.returns = kind if kind in ("int", "float", "str", "bool", "list", "dict") else None
            return

    def read(self):
        self.argparse()
        self.click()
        if not self.arguments:
            self.argv()
        if not self.arguments:
            self.signature()
        self.follow()
        self.uses()
        for one in self.arguments.values():
            if not plain(one.get("default")):
                del one["default"]
                one["computed"] = True
            one["default"] = literal(one["default"]) if one.get("default") is not None else None
        doc = ast.get_docstring(self.tree) or ""
        pipeline = any(
            base(getattr(d, "func", d)) == "dsl" and last(getattr(d, "func", d)) in ("pipeline", "component", "container_component")
            for f in self.functions.values() for d in f.decorator_list
        )
        calls = {last(n.func) for n in ast.walk(self.tree) if isinstance(n, ast.Call)}
        return {"style": self.style, "function": self.function, "returns": self.returns, "notes": self.notes,
                "arguments": list(self.arguments.values()), "doc": doc.strip().split("\n")[0], "pipeline": pipeline,
                "files": [{"path": p, **w} for p, w in sorted(self.files.items())], "calls": sorted(c for c in calls if c)}


def plain(value):
    """True for what a pipeline's default can be."""
    if isinstance(value, (list, tuple)):
        return all(map(plain, value))
    if isinstance(value, dict):
        return all(type(k) is str and plain(v) for k, v in value.items())
    if type(value) is float:
        return value - value == 0
    return value is None or type(value) in (str, bool, int)


def quoted(value):
    body = json.dumps(value, ensure_ascii=False)[1:-1].replace('\\"', '"')
    body = "".join(c if c.isprintable() else "\\u%04x" % ord(c) if ord(c) < 0x10000 else "\\U%08x" % ord(c) for c in body)
    if body.count('"') > body.count("'"):
        return "'" + body.replace("'", "\\'") + "'"
    return '"' + body.replace('"', '\\"') + '"'


def literal(value):
    """{text} as Python that black leaves alone, or {items} of a list or a dict; {value} of a str."""
    if isinstance(value, str):
        return {"text": quoted(value), "value": value}
    if isinstance(value, (list, tuple)):
        return {"open": "[", "items": [literal(v) for v in value]}
    if isinstance(value, dict):
        return {"open": "{", "items": [{"key": quoted(k), **literal(v)} for k, v in value.items()]}
    return {"text": repr(value).replace("e+", "e")}


def packages(names):
    """What pip calls an import, with the version that is installed here."""
    try:
        from importlib import metadata
        import site

        sys.path.append(site.getusersitepackages())
        known = metadata.packages_distributions()
    except (ImportError, AttributeError):
        known, metadata = {}, None
    standard = getattr(sys, "stdlib_module_names", frozenset(sys.builtin_module_names))
    found = {}
    for name in names:
        if name in standard or name == "__future__":
            found[name] = {}
        elif name in known:
            one = sorted(known[name], key=lambda d: (len(d), d))[0]
            found[name] = {"name": one, "version": metadata.version(one).split("+")[0]}
    return found


def main():
    wanted = json.load(sys.stdin.buffer)
    scripts, names = [], set()
    for each in wanted:
        names |= set(each["imports"])
        try:
            with open(each["file"], "rb") as file:
                script = Script(ast.parse(file.read()))
            script.stem = re.sub(r"\W", "_", re.split(r"[/\\]", each["file"])[-1].rsplit(".", 1)[0])
            scripts.append(script.read())
        except SyntaxError as error:
            scripts.append({"error": {"line": error.lineno or 1, "text": error.msg}})
        except (OSError, ValueError, RecursionError, MemoryError) as error:
            scripts.append({"error": {"line": 1, "text": str(error)}})
    answer = {"python": "%d.%d" % sys.version_info[:2], "scripts": scripts, "packages": packages(sorted(names))}
    sys.stdout.buffer.write(json.dumps(answer).encode())


main()
`;
