// What the rest of the project uses of clusters' making and finding. The making itself is a bundle of its own:
// provisioning.ts is imported by extension.ts alone, when somebody wants it.
export { type Preview } from "../contract/preview.ts";
export { type Wish } from "../contract/wish.ts";
export { type PoolNow } from "./cloud/pools.ts";
export { type CloudCluster, type CloudList } from "./existing/cloudCluster.ts";
export { ExistingClusters } from "./existing/existingClusters.ts";
export { type AddedCluster } from "./existing/ownKubeconfigs.ts";
export { type AddClusterStep } from "./existing/signIn.ts";
export { type Desk } from "./made/ports.ts";
export { type MadeRecord } from "./made/record.ts";
export { type CostNow } from "./plan/costNow.ts";
export { type Provisioning } from "./provisioning.ts";
export { type Wizard } from "./wizard/wizard.ts";
