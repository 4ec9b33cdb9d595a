// Scripts that a generator of Python stumbles over. Those of `says…` print what they are given.

const SAY = `
import json
print(json.dumps(vars(args), default=str, sort_keys=True))
`;
const PARSER = `import argparse, os, pathlib
parser = argparse.ArgumentParser()
add = parser.add_argument
`;

const argparse = (...lines: readonly string[]): string =>
  `${PARSER}${lines.map((line) => `parser.add_argument(${line})\n`).join("")}args = parser.parse_args()\n`;

export const ODD: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "names of scripts": {
    "class.py": "print(1)",
    "1.py": "print(1)",
    "02_ do it-now.v2.py": "print(1)",
    "Donn\u00e9es d'\u00e9t\u00e9.py": "print(1)",
    "\u8bad\u7ec3.py": "print(1)",
    "dsl.py": "print(1)",
    "TrainModel.py": "print(1)",
    "a/train.py": "print(1)",
    "b/train.py": "import lib_a.thing, lib_b",
    "b/lib_a/thing.py": "",
    "lib_b.py": "",
    "$HOME [x].py": "print(1)",
    "a/very/long/folder/for/a/script/that/nobody/would/ever/have/and/still/somebody/does/train_it_all_now.py":
      "print(1)",
  },
  "names of arguments": {
    "train.py": argparse(
      '"--lambda", type=float, default=1',
      '"--class", default="a"',
      '"--2d", action="store_true"',
      '"-o", required=True',
      '"--x-train"',
      '"--X_train"',
      '"--x-Train", dest="third"',
      '"--args", default="x"',
      '"--train", default="x"',
      '"--evaluate_task", default="x"',
      '"--odd-ones-pipeline", default="x"',
      '"--\u5b66\u4e60\u7387", type=float, default=0.1',
      '"--dsl", default="x"',
      '"--result", default="x"',
      '"--kfp", default="x"',
    ),
    "evaluate.py": argparse(
      '"--lambda", type=float, default=2',
      '"--class", default="a"',
      '"-o"',
      '"--model-path", type=pathlib.Path',
    ),
  },
  "texts of arguments": {
    "train.py": `"""Trains "it" with \\\\ and '''these'''"""\n${argparse(
      `"--a", help='A "quoted" 100%% thing\\\\n with \\\\ and """ in it"'`,
      `"--b", type=int, default=3, help="Epochs (default: %(default)s)"`,
      `"--c", help=argparse.SUPPRESS`,
      `"--d", help="${"word ".repeat(60)}"`,
      `"--e", choices=["a \\"", "b'"], default="b'"`,
      `"--f", help=""`,
    )}`,
  },
  "says defaults": {
    "train.py": `${argparse(
      `"--a", default='say "hi"'`,
      `"--b", default="it's"`,
      `"--c", default="both ' and \\""`,
      `"--d", default="back\\\\slash\\nline\\ttab"`,
      `"--e", default="\u00e9\u8bad\u{1f600}\u200b\\x7f"`,
      `"--g", type=int, default=-3`,
      `"--h", type=float, default=1e-5`,
      `"--i", type=float, default=3`,
      `"--j", type=float, default=-2.5e-9`,
      `"--k", type=int, default=2 ** 4`,
      `"--l", type=int, default=60 * 60`,
      `"--m", type=int`,
      `"--n", default=None`,
      `"--o2", default=os.environ.get("HOME2", "computed")`,
      `"--p", type=float, default=float("inf")`,
      `"--q", default=7`,
      `"--r", type=pathlib.Path, default=pathlib.Path("data") / "x.csv"`,
      `"--s", type=str, default="3"`,
      `"--t", type=int, default="12"`,
      `"--u", default=""`,
      `"--v", type=float, default=1e22`,
      `"--w", default=b"bytes"`,
      `"--x", nargs="+", default="all"`,
      `"--y", type=float, default="0.50"`,
    )}${SAY}`,
  },
  "says switches": {
    "train.py": `${argparse(
      `"--yes", action="store_true"`,
      `"--no-shuffle", dest="shuffle", action="store_false"`,
      `"--bare", action=argparse.BooleanOptionalAction, default=True`,
      `"--unset", action=argparse.BooleanOptionalAction`,
      `"--trap", type=bool, default=False`,
      `"--trap2", type=bool, default=True`,
      `"--own", type=lambda text: text == "true", default=True`,
      `"-v", "--verbose", action="count", default=0`,
      `"--layers", nargs="+", type=int, default=[64, 32]`,
      `"--names", nargs="*", default=["a b", "c"]`,
      `"--pair", nargs=2, type=float, default=(0.9, 0.999)`,
      `"--none", nargs="+"`,
      `"--many", action="append"`,
      `"place", nargs="?", default="here"`,
    )}args.pair = list(args.pair)${SAY}`,
  },
  "says in places": {
    "train.py": `import sys\nsys.argv[1:] = sys.argv[1:] or ["5", "x"]\nimport argparse\np = argparse.ArgumentParser()\np.add_argument("count", type=int, nargs="?", default=5)\np.add_argument("--name", default="x")\nargs = p.parse_args(sys.argv[1:] if len(sys.argv) > 3 else [])\n${SAY}`,
  },
  "says by click": {
    "train.py": `try:
    import click
except ImportError:
    click = None
import json


@click.command()
@click.option("--epochs", default=3, help="How many")
@click.option("--rate", type=float, default=0.1)
@click.option("--kind", type=click.Choice(["a", "b"]), default="a")
@click.option("--fast/--slow", default=True)
@click.option("--loud", is_flag=True)
@click.option("--quiet", default=False, type=bool)
@click.option("--tag", multiple=True, default=["x", "y"])
@click.option("--seed", type=int)
@click.option("-n", "--Long-Name", "renamed", default="z")
def main(**given):
    print(json.dumps({k: list(v) if isinstance(v, tuple) else v for k, v in given.items()}, sort_keys=True))


if __name__ == "__main__":
    main()
`,
  },
  "says by a function": {
    "train.py": `import json
from pathlib import Path
from typing import Annotated, Dict, List, Literal, Optional


def train(
    rows: "int" = 3,
    /,
    rate: float = 1,
    kind: Literal["a", "b"] = "b",
    layers: List[int] = [3, 4],
    more: Optional[Dict[str, float]] = None,
    seed: int | None = None,
    name: Annotated[str, "x"] = "n",
    where: Path = Path("data"),
    fast: bool = True,
    plain="text",
    counted=4,
    *,
    table: dict = {"a": [1, {"b": "c'\\""}], "long": "${"x".repeat(90)}"},
    when=json.dumps,
    two=(1, 2),
    wrong: int = "auto",
    a_name_that_is_so_long_that_its_line_breaks: Optional[Dict[str, float]] = None,
    raw=b"bytes",
) -> dict:
    given = {k: v for k, v in locals().items() if k not in ("when", "raw")}
    given["two"] = list(two)
    print(json.dumps(given, default=str, sort_keys=True))
    return {"rows": rows}


if __name__ == "__main__":
    train()
`,
  },
  "functions alone": {
    "prep.py": "def prep(out_path: str, rows: int):\n    open(out_path, 'w').write('x' * rows)\n",
    "1-train.py":
      "def main(data: str, *, model_dir: str) -> int:\n    import os\n    os.makedirs(model_dir)\n    return len(open(data).read())\n",
    "a_folder/of_a_name_that/makes_long_lines_of/many_words/fit.py":
      "def fit(value_of_something_long: str, other_value_of_something: str):\n    pass\n",
    "object.py": "import pandas as pd\ndef run(frame: pd.DataFrame):\n    frame.to_csv('x.csv')\n",
    "none.py": "def main():\n    pass\n",
    "nothing.py": "",
    "later.py": "async def main(x: int):\n    pass\n",
  },
  "a circle": {
    "a.py": argparse('"--x-path", required=True', '"--out-y"'),
    "b.py": argparse('"--y-path", required=True', '"--out-x"'),
  },
  "one name twice": {
    "prep.py": argparse('"--output-data"', '"--data-out"', '"--out"') + 'open("data.csv", "w")\n',
    "train.py":
      argparse('"--data"', '"--model"', '"--model-name", default="m"') +
      'open(args.model, "w")\nopen("model.pkl", "wb")\n',
    "test.py": argparse('"--model-dir"', '"--data"', '"--model-2"'),
  },
};
