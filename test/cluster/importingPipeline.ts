import { stringify } from "yaml";

/** A pipeline whose only task brings in an artifact: the sandbox carries it out without a pod. */
export function importing(name: string): string {
  const type = { schemaTitle: "system.Artifact", schemaVersion: "0.0.1" };
  const uri = { constant: "s3://nothing" };
  return stringify({
    components: {
      "comp-importer": {
        executorLabel: "exec-importer",
        inputDefinitions: { parameters: { uri: { parameterType: "STRING" } } },
        outputDefinitions: { artifacts: { artifact: { artifactType: type } } },
      },
    },
    deploymentSpec: { executors: { "exec-importer": { importer: { artifactUri: uri, typeSchema: type } } } },
    pipelineInfo: { name },
    root: {
      dag: {
        tasks: {
          importer: {
            cachingOptions: {},
            componentRef: { name: "comp-importer" },
            inputs: { parameters: { uri: { runtimeValue: uri } } },
            taskInfo: { name: "importer" },
          },
        },
      },
    },
    schemaVersion: "2.1.0",
    sdkVersion: "kfp-2.4.0",
  });
}
