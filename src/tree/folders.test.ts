import assert from "node:assert/strict";
import { Folders } from "./folders.ts";
import { KnownNodes } from "./knownNodes.ts";
import { clusterNode, folderNode, groupNode, jobNode, namespaceNode, replicaNode } from "./nodes.ts";

const cluster = clusterNode("prod");
const namespace = namespaceNode(cluster, "team");
const jobs = folderNode(namespace, "jobs");
const other = folderNode(namespaceNode(cluster, "other"), "jobs");
const job = (name: string) => jobNode(jobs, { kind: "PyTorchJob", namespace: "team", name });

function rig() {
  const watched = new Set<string>();
  const folders = new Folders();
  const open = (node = jobs) =>
    folders.open(node, () => {
      watched.add(node.id);
      return { dispose: () => watched.delete(node.id) };
    });
  return { folders, open, watched };
}

describe("folders that are watched", () => {
  it("are those without a closed row above", () => {
    const { folders, open, watched } = rig();
    open();
    open(other);
    folders.close(namespace);
    folders.close(cluster);
    assert.deepEqual([...watched], []);
    // What is above opens, and the namespace stays closed.
    assert.deepEqual(folders.reopen(cluster), [other]);
    assert.equal(open(), undefined);
    assert.deepEqual(folders.reopen(namespace), [jobs]);
    assert.ok(open());
    assert.deepEqual([...watched], [jobs.id]);
  });

  it("come back with the view, those below a closed row not", () => {
    const { folders, open, watched } = rig();
    open();
    open(other);
    folders.close(jobs);
    folders.drop();
    assert.equal(watched.size, 0);
    assert.deepEqual(folders.unwatched(), [other]);
  });

  it("open when VS Code draws them open, though a person had closed them", () => {
    const { folders, open, watched } = rig();
    open();
    folders.close(jobs);
    folders.close(namespace);
    assert.deepEqual(folders.reopen(namespace), []);
    assert.ok(open());
    assert.deepEqual([...watched], [jobs.id]);
  });

  it("start anew after their row has gone", () => {
    const { folders, open, watched } = rig();
    open();
    folders.close(jobs);
    folders.forget(jobs.id);
    assert.deepEqual(folders.unwatched(), []);
    assert.ok(open());
    folders.forget(jobs.id);
    assert.equal(watched.size, 0);
  });
});

describe("nodes of the tree", () => {
  it("are the same as long as they are drawn, and forgotten with all below them", () => {
    const nodes = new KnownNodes();
    const [a, b] = [job("a"), job("b")];
    nodes.replace(jobs, [a, b]);
    nodes.replace(a, [replicaNode(a, "0")]);
    const { nodes: drawn, gone } = nodes.replace(jobs, [job("b")]);
    assert.equal(drawn[0], b);
    assert.deepEqual(gone, [a.id, `${a.id}/0`]);
    assert.equal(nodes.get(a.id), undefined);
  });

  it("a row that moves below another is another", () => {
    const nodes = new KnownNodes();
    nodes.replace(undefined, [cluster]);
    const group = groupNode("https://1.2.3.4");
    const { nodes: drawn } = nodes.replace(group, [clusterNode("prod", group)]);
    assert.equal(drawn[0]?.parent, group);
    assert.equal(nodes.get(cluster.id)?.parent, group);
  });

  it("a context is not below another whose name is the beginning of its own", () => {
    const { folders, open, watched } = rig();
    open(folderNode(clusterNode("prod-2"), "nodes"));
    open(folderNode(clusterNode("prod/team"), "nodes"));
    folders.close(cluster);
    assert.equal(watched.size, 2);
  });
});
