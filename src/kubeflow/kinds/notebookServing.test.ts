import assert from "node:assert/strict";
import type { KubeObject } from "../../kube/objects.ts";
import { type Notebook, projectNotebook } from "./notebook.ts";

const HOME = "/notebook/team-a/bob/";

function read(container: object, annotations: Readonly<Record<string, string>> = {}): Notebook {
  const template = { spec: { containers: [{ name: "bob", image: "i", ...container }] } };
  const object: KubeObject = {
    apiVersion: "kubeflow.org/v1",
    kind: "Notebook",
    metadata: { name: "bob", namespace: "team-a", annotations },
  };
  return projectNotebook({ ...object, ...{ spec: { template } } });
}

const shell = (line: string): object => ({ command: ["sh", "-c", line] });
const env = (values: Readonly<Record<string, string>>): object[] =>
  Object.entries(values).map(([name, value]) => ({ name, value }));

describe("how a notebook is served", () => {
  it("its path and token, from wherever they are given", () => {
    const rows: readonly (readonly [object, string, unknown])[] = [
      [{}, HOME, undefined],
      [{ env: env({ NB_PREFIX: "/own" }) }, "/own/", undefined],
      [{ args: ["--ServerApp.base_url=/a/b/", "--ServerApp.token=t"] }, "/a/b/", "t"],
      [{ args: ["--NotebookApp.base_url", "/a", "--IdentityProvider.token", "t"] }, "/a/", "t"],
      [{ env: env({ NOTEBOOK_ARGS: "--ServerApp.base_url=/n --ServerApp.token='a b'" }) }, "/n/", "a b"],
      [{ env: env({ JUPYTER_TOKEN: "j" }) }, HOME, "j"],
      [{ env: env({ JUPYTER_TOKEN: "j" }), args: ["--ServerApp.token="] }, HOME, undefined],
      [shell("jupyter lab --NotebookApp.token='' --NotebookApp.base_url=${NB_PREFIX}"), HOME, undefined],
      [
        { ...shell("exec jupyter lab --ServerApp.base_url=$NB_PREFIX/x"), env: env({ NB_PREFIX: "/p" }) },
        "/p/x/",
        undefined,
      ],
      [{ args: ["--ServerApp.token=$(T)"], env: env({ T: "from-env" }) }, HOME, "from-env"],
      [{ args: ["--ServerApp.token=a", "--ServerApp.token=b"] }, HOME, "b"],
      [{ args: ["--ServerApp.base_url=/../x"] }, HOME, undefined],
      [{ args: ["--ServerApp.base_url=/a b"] }, HOME, undefined],
    ];
    for (const [container, path, token] of rows) {
      const notebook = read(container);
      assert.deepEqual([notebook.path, notebook.token], [path, token], JSON.stringify(container));
    }
  });

  it("a token may be in a Secret", () => {
    const kept = { name: "JUPYTER_TOKEN", valueFrom: { secretKeyRef: { name: "s", key: "k" } } };
    assert.deepEqual(read({ env: [kept] }).token, { secret: "s", key: "k" });
    assert.deepEqual(read({ env: [kept], args: ["--ServerApp.token=$(JUPYTER_TOKEN)"] }).token, {
      secret: "s",
      key: "k",
    });
  });

  it("what the gateway rewrites and sets", () => {
    const { path, rewrite, headers } = read(
      { env: env({ NB_PREFIX: "/else" }) },
      {
        "notebooks.kubeflow.org/server-type": "group-two",
        "notebooks.kubeflow.org/http-rewrite-uri": "/",
        "notebooks.kubeflow.org/http-headers-request-set": `{"X-RStudio-Root-Path":"${HOME}","bad name":"x","X-Bad":"a\\nb"}`,
      },
    );
    assert.deepEqual([path, rewrite, headers], [HOME, "/", { "x-rstudio-root-path": HOME }]);
    assert.deepEqual(read({}, { "notebooks.kubeflow.org/http-headers-request-set": "[" }).headers, {});
  });

  it("anything may stand where words are meant", () => {
    for (const odd of [null, 1, {}, [null, 1, {}], "x"]) {
      const { path, token } = read({ command: odd, args: odd, env: odd });
      assert.deepEqual([path, token], [HOME, undefined]);
    }
  });
});
