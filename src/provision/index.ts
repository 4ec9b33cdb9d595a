// What the rest of the project uses of clusters' making and finding.
export { type CloudCluster, type CloudList } from "./existing/cloudCluster.ts";
export { ExistingClusters } from "./existing/existingClusters.ts";
export { type AddedCluster } from "./existing/ownKubeconfigs.ts";
export { type AddClusterStep } from "./existing/signIn.ts";
