/** What `activate` of the YAML extension returns, as far as it is used (redhat.vscode-yaml: src/schema-extension-api.ts). */
export interface YamlApi {
  /** `requestSchemaContent` is asked for addresses whose scheme is `schema`. False where that is taken. */
  registerContributor(
    schema: string,
    requestSchema: (resource: string) => string | undefined,
    requestSchemaContent: (uri: string) => Promise<string>,
  ): boolean;
}
