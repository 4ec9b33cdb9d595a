import assert from "node:assert/strict";
import { KnownNodes } from "./knownNodes.ts";
import { clusterNode, folderNode, jobNode, messageNode } from "./nodes.ts";

describe("rows of a folder with very many", () => {
  const folder = folderNode(clusterNode("a"), "jobs");
  const rows = Array.from({ length: 5000 }, (_, at) =>
    jobNode(folder, { kind: "PyTorchJob", namespace: "n", name: `j${at}` }),
  );
  let nodes: KnownNodes;
  let later: number;

  const draw = (): number => {
    const shown = nodes.first(folder, rows, () => later++);
    nodes.replace(folder, shown);
    return shown.length;
  };

  beforeEach(() => {
    nodes = new KnownNodes();
    later = 0;
  });

  it("come in two parts, the first of them at once, also after the row that says that they are being read", () => {
    nodes.replace(folder, [messageNode(folder, "Loading…")]);
    assert.deepEqual([draw(), later], [100, 1]);
    assert.deepEqual([draw(), later], [5000, 1]);
  });

  it("are never fewer than what is drawn: VS Code would forget which of them are open", () => {
    draw();
    draw();
    assert.deepEqual(
      nodes.replace(
        folder,
        nodes.first(folder, rows.slice(0, 4999), () => later++),
      ).gone,
      [rows[4999]?.id],
    );
    assert.equal(later, 1);
  });

  it("come at once where they are few", () => {
    assert.equal(nodes.first(folder, rows.slice(0, 100), () => later++).length, 100);
    assert.equal(later, 0);
  });
});
