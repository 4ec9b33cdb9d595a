import type { Folder, FolderSite } from "./folder.ts";
import { JobsFolder } from "./jobsFolder.ts";
import { KubeflowFolder } from "./kubeflowFolder.ts";
import { NodesFolder } from "./nodesFolder.ts";
import { NotebooksFolder } from "./notebooksFolder.ts";
import { PipelinesFolder } from "./pipelinesFolder.ts";
import { WorkloadsFolder } from "./workloadsFolder.ts";

/** The live side of a folder's row. */
export function makeFolder(site: FolderSite): Folder {
  switch (site.node.what) {
    case "jobs":
      return new JobsFolder(site);
    case "notebooks":
      return new NotebooksFolder(site);
    case "experiments":
    case "models":
    case "rayJobs":
      return new WorkloadsFolder(site, site.node.what);
    case "pipelines":
      return new PipelinesFolder(site);
    case "nodes":
      return new NodesFolder(site);
    case "kubeflow":
      return new KubeflowFolder(site);
  }
}
