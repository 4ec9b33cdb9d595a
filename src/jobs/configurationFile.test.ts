import assert from "node:assert/strict";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import fc from "fast-check";
import { parseConfigurations, readConfigurations, saveConfiguration, withConfiguration } from "./configurationFile.ts";
import { NamedPlaces } from "./namedPlaces.ts";

const written = `// What we train.
{
  "configurations": [
    // The usual.
    { "name": "small", "script": "train.py" },
    {
      "name": "large", /* takes
        two hours */
      "script": "train.py", // "nodes": 3,
      "nodes": 2,
      "args": ["--url", "http://x//y", "/* no */"],
    }, // until spring
    // more to come
  ],
}
`;

describe("the file of configurations", () => {
  it("may have comments and trailing commas", () => {
    assert.deepEqual(parseConfigurations(written), {
      configurations: [
        { name: "small", script: "train.py" },
        { name: "large", script: "train.py", nodes: 2, args: ["--url", "http://x//y", "/* no */"] },
      ],
      problems: [],
    });
  });

  it("says on which line what is wrong, and keeps what is right", () => {
    const text = written
      .replace('"nodes": 2', '"nodes": 0')
      .replace("// more to come", '{ "name": "small", "script": "b.py" }, { "name": "odd" }');
    const { configurations, problems } = parseConfigurations(text);
    assert.deepEqual(
      configurations.map(({ name }) => name),
      ["small"],
    );
    assert.deepEqual(problems, [
      { line: 10, text: "nodes must be a whole number between 1 and 1000; it is 0." },
      { line: 13, text: "There are two configurations called small." },
      { line: 13, text: "script is missing." },
    ]);
  });

  it("that is no JSON, or no list, says so", () => {
    const said = (text: string): unknown => parseConfigurations(text).problems;
    assert.match(
      JSON.stringify(said('{\n "configurations": [\n {"name" "x"}]}')),
      /"line":3,"text":"This is not JSON: /,
    );
    assert.match(JSON.stringify(said('{"configurations": [{ "name": x }]}')), /This is not JSON/);
    for (const text of ["[]", "5", '"a"', "// nothing", "null"])
      assert.match(JSON.stringify(said(text)), /The file must be an object/, text);
    assert.match(JSON.stringify(said("configurations:\n  - 1")), /This is not JSON/);
    assert.deepEqual(said("{}"), [{ line: 1, text: "configurations must be a list." }]);
    assert.deepEqual(said('{"configurations": [], "more": 1, "$schema": "x"}'), [
      { line: 1, text: "more is not known here." },
    ]);
  });

  it("keeps what is written when one is added", () => {
    const now = withConfiguration(written, { name: "new", script: "a.py" });
    const added = '    {\n      "name": "new",\n      "script": "a.py"\n    }\n';
    assert.equal(
      now,
      written.replace("    // more to come\n", (line) => `${line}${added}`),
    );
    const bare = written.replace("    },", "    }");
    const behind = withConfiguration(bare, { name: "new", script: "a.py" });
    assert.equal(behind, now, "the comma goes behind the last one, before its comment");
  });

  it("has another one of the same name in the place of the old one", () => {
    const now = withConfiguration(written, { name: "small", script: "b.py", nodes: 3 });
    const large = (text: string): string => text.slice(text.indexOf("},\n    {\n"));
    assert.equal(large(now), large(written));
    assert.ok(
      now.startsWith('// What we train.\n{\n  "configurations": [\n    // The usual.\n    {\n      "name": "small"'),
    );
  });

  it("is written in its own way", () => {
    const one = { name: "a", script: "a.py" };
    assert.equal(
      withConfiguration("", one),
      '{\n  "configurations": [\n    {\n      "name": "a",\n      "script": "a.py"\n    }\n  ]\n}\n',
    );
    assert.equal(
      withConfiguration('{\r\n\t"configurations": []\r\n}\r\n', one),
      '{\r\n\t"configurations": [\r\n\t\t{\r\n\t\t\t"name": "a",\r\n\t\t\t"script": "a.py"\r\n\t\t}\r\n\t]\r\n}\r\n',
    );
    for (const text of ['{"configurations":[{"name":"b","script":"b.py"}]}', '{"configurations":[ // none\n]}'])
      assert.deepEqual(parseConfigurations(withConfiguration(text, one)).configurations.at(-1), one, text);
  });

  it("is left alone where it cannot be understood", () => {
    const save = (text: string) => () => withConfiguration(text, { name: "a", script: "a.py" });
    assert.throws(save('{\n"configurations": [}'), {
      code: "bad-configurations",
      message: /^The configuration was not saved to \.vscode\/trainyard\.json\. Line 2: This is not JSON: /,
    });
    const odd = { name: "a", script: "a.sh" };
    for (const text of ["", '{"configurations": []}'])
      assert.throws(() => withConfiguration(text, odd), {
        code: "bad-configurations",
        message: /trainyard\.json\. script must be a Python file .*\.$/,
      });
    assert.throws(save("{}"), { code: "bad-configurations" });
    assert.throws(save('{"configurations": [{ "name": "b" }], "configurations": []}'), { code: "bad-configurations" });
  });

  it("gives back whatever was saved, beside what was there", () => {
    const text = fc.string({ unit: "grapheme" });
    const blank = fc.constantFrom("", " ", "\n", "\t", "\r\n", "/* , ] */", "// }],\n");
    fc.assert(
      fc.property(fc.array(text), text, blank, blank, blank, (args, value, a, b, c) => {
        const old = JSON.stringify({ name: "old", script: "o.py", args: [value] });
        const file = `{${a}"configurations"${b}:[${c}${old}${a}${b}${c}]${a}}${b}`;
        const one = { name: "new", script: "n.py", args };
        const [first, second] = parseConfigurations(withConfiguration(file, one)).configurations;
        assert.deepEqual([first, second], [{ name: "old", script: "o.py", args: [value] }, one]);
      }),
    );
  });

  describe("in a folder", () => {
    const folder = mkdtempSync(path.join(tmpdir(), "trainyard-configurations-"));
    const file = path.join(folder, ".vscode", "trainyard.json");
    after(() => rmSync(folder, { recursive: true, force: true }));

    it("is made when there is something to save, and read when it is there", async () => {
      assert.deepEqual(await readConfigurations(folder), { file, configurations: [], problems: [] });
      await saveConfiguration(folder, { name: "a", script: "a.py" });
      await saveConfiguration(folder, { name: "b", script: "a.py", nodes: 2 });
      await saveConfiguration(folder, { name: "b", script: "a.py", nodes: 3 });
      const { configurations } = await readConfigurations(folder);
      assert.deepEqual(
        configurations.map(({ name, nodes }) => [name, nodes]),
        [
          ["a", undefined],
          ["b", 3],
        ],
      );
    });

    it("is not touched where it is broken", async () => {
      await writeFile(file, "{ oh");
      await assert.rejects(saveConfiguration(folder, { name: "a", script: "a.py" }), { code: "bad-configurations" });
      assert.equal(readFileSync(file, "utf8"), "{ oh");
    });

    it("that cannot be read is a problem", async () => {
      rmSync(file);
      await mkdir(file);
      assert.match((await readConfigurations(folder)).problems[0]?.text ?? "", /^It cannot be read: /);
    });
  });
});

describe("places that configurations name", () => {
  it("are agreed to one by one", async () => {
    const kept = new Map<string, unknown>();
    const state = {
      get: (key: string) => kept.get(key),
      set: (key: string, value: unknown) => Promise.resolve(void kept.set(key, value)),
    };
    const place = { folder: "/w", configuration: "a", context: "team-a", namespace: "alice" };
    const places = new NamedPlaces(state);
    assert.equal(places.has(place), false);
    await places.agree(place);
    await places.agree(place);
    assert.equal(new NamedPlaces(state).has(place), true);
    for (const other of [{ folder: "/v" }, { configuration: "b" }, { context: "team-b" }, { namespace: "" }])
      assert.equal(places.has({ ...place, ...other }), false, JSON.stringify(other));
    assert.equal([...kept.values()].flat().length, 1);
    for (const key of kept.keys()) kept.set(key, "odd");
    assert.equal(places.has(place), false);
  });

  it("are confirmed as they are, and again once they differ", async () => {
    const kept = new Map<string, unknown>();
    const state = {
      get: (key: string) => kept.get(key),
      set: (key: string, value: unknown) => Promise.resolve(void kept.set(key, value)),
    };
    const [one, places] = [{ name: "a", script: "a.py", image: "i:1" }, new NamedPlaces(state)];
    assert.equal(places.isConfirmed("/w", one), false);
    await places.confirm("/w", one);
    await places.confirm("/w", { ...one, name: "b" });
    await places.confirm("/v", one);
    assert.equal(new NamedPlaces(state).isConfirmed("/w", one), true);
    for (const change of [{ image: "i:2" }, { code: "folder" as const }, { secrets: { A: { secret: "s", key: "k" } } }])
      assert.equal(places.isConfirmed("/w", { ...one, ...change }), false);
    await places.confirm("/w", { ...one, image: "i:2" });
    assert.equal(places.isConfirmed("/w", one), false, "the last one counts");
    assert.equal(places.isConfirmed("/v", one), true);
    assert.equal([...kept.values()].flat().length, 3);
  });
});
