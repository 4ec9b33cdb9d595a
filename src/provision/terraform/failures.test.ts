import assert from "node:assert/strict";
import { explain, failuresOf, matchFailure, parseLockInfo, TerraformError } from "./failures.ts";

const LOCKED = `Error message: resource temporarily unavailable
Lock Info:
  ID:        fe1a124b-8fbf-91f1-b294-028dd0146e5e
  Path:      terraform.tfstate
  Operation: OperationTypeApply
  Who:       ana@laptop
  Version:   1.11.4
  Created:   2026-11-22 11:32:26.069698716 +0000 UTC
  Info:      


Terraform acquires a state lock to protect the state from being written
by multiple users at the same time.`;

/** [text as it was seen, code, what the sentence must say, what is offered as `kind value`]. */
const TABLE: readonly (readonly [text: string, code: string, says: RegExp, offers: readonly string[]])[] = [
  [
    `googleapi: Error 403: Insufficient regional quota to satisfy request: resource "PREEMPTIBLE_NVIDIA_V100_GPUS": request requires '2.0' and is short '1.0'`,
    "quota",
    /PREEMPTIBLE_NVIDIA_V100_GPUS is short by 1: 2 were asked for, over all zones/,
    ["open https://console.cloud.google.com/iam-admin/quotas?project=proj-1", "plan-again"],
  ],
  [
    "Quota 'GPUS_ALL_REGIONS' exceeded. Limit: 0.0 globally",
    "gpus-all-regions",
    /may use 0 GPUs over all regions together/,
    ["open https://console.cloud.google.com/iam-admin/quotas?project=proj-1", "try-later"],
  ],
  [
    `resource "CPUS_ALL_REGIONS": request requires '24.0' and is short '12.0'`,
    "quota",
    /short by 12: 24 .* look at GPUS_ALL_REGIONS too/,
    ["open https://console.cloud.google.com/iam-admin/quotas?project=proj-1", "plan-again"],
  ],
  [
    "Quota 'SSD_TOTAL_GB' exceeded. Limit: 500.0 in region us-central1",
    "quota",
    /SSD_TOTAL_GB is exceeded; its limit is 500\. Nodes with standard disks/,
    ["open https://console.cloud.google.com/iam-admin/quotas?project=proj-1", "plan-again"],
  ],
  [
    "[GCE_STOCKOUT]: Instance creation failed: The zone does not have enough resources available to fulfill the request",
    "stock-out",
    /none of these machines in stock.*delete nothing by hand/,
    ["other-gpu", "on-demand", "try-later"],
  ],
  [
    "ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS errorInfo.metadatas.zonesAvailable: us-central1-a,us-central1-f",
    "stock-out",
    /names zones that have some: us-central1-a, us-central1-f/,
    [
      "set-zones us-central1-a,us-central1-f",
      "set-zones us-central1-a",
      "set-zones us-central1-f",
      "other-gpu",
      "on-demand",
      "try-later",
    ],
  ],
  ["NodePool gpu was created in the error state RUNNING_WITH_ERROR", "pool-in-error", /made in part/, ["plan-again"]],
  [
    `Error 403: Kubernetes Engine API has not been used in project 1 before or it is disabled. reason: SERVICE_DISABLED, "@type": "type.googleapis.com/google.rpc.ErrorInfo", "service": "container.googleapis.com"`,
    "api-disabled",
    /API container\.googleapis\.com is switched off/,
    [
      "enable-api container.googleapis.com",
      "open https://console.cloud.google.com/apis/library/container.googleapis.com?project=proj-1",
      "plan-again",
    ],
  ],
  [
    "Cannot destroy cluster because deletion_protection is set to true. Set it to false to proceed with instance deletion.",
    "protected",
    /protected from deletion/,
    ["unprotect"],
  ],
  [
    "Could not launch Spot Instances. InsufficientInstanceCapacity - There is no Spot capacity available that matches your request. Launching EC2 instance failed.",
    "spot-capacity",
    /no spot nodes of this type/,
    ["on-demand", "other-gpu", "try-later"],
  ],
  [
    "We currently do not have sufficient g4dn.xlarge capacity in the Availability Zone you requested (us-west-2a). You can currently get g4dn.xlarge capacity by not specifying an Availability Zone in your request or choosing us-west-2b, us-west-2c.",
    "stock-out",
    /too few g4dn\.xlarge in us-west-2a/,
    ["set-zones us-west-2b,us-west-2c", "set-zones us-west-2b", "set-zones us-west-2c", "other-gpu", "try-later"],
  ],
  [
    "VcpuLimitExceeded: You have requested more vCPU capacity than your current vCPU limit of 32 allows for the instance bucket",
    "vcpu-limit",
    /quota of vCPUs is used up \(its limit is 32\)/,
    ["open https://us-west-2.console.aws.amazon.com/servicequotas/home/services/ec2/quotas", "plan-again"],
  ],
  [
    "MaxSpotInstanceCountExceeded: Max spot instance count exceeded for g5.xlarge",
    "vcpu-limit",
    /quota of spot vCPUs/,
    [
      "open https://us-west-2.console.aws.amazon.com/servicequotas/home/services/ec2/quotas/L-3819A6DF",
      "on-demand",
      "plan-again",
    ],
  ],
  [
    "InstanceLimitExceeded: Your quota allows for 0 more running p4d.24xlarge instance(s).",
    "vcpu-limit",
    /used up/,
    ["open https://us-west-2.console.aws.amazon.com/servicequotas/home/services/ec2/quotas/L-417A185B", "plan-again"],
  ],
  [
    "creating EKS Cluster (ml-team): operation error EKS: CreateCluster, ResourceInUseException: Cluster already exists with name: ml-team",
    "already-exists",
    /^It is there already and not in the state: from a run that was killed.*ml-team$/,
    ["plan-again"],
  ],
  [
    "Error creating Network: googleapi: Error 409: The resource 'projects/p/global/networks/ml' already exists, alreadyExists",
    "already-exists",
    /imported or removed by hand/,
    ["plan-again"],
  ],
  [
    "deleting EC2 VPC (vpc-1): DependencyViolation: The vpc 'vpc-1' has dependencies and cannot be deleted.",
    "still-used",
    /load balancer or a network interface that Kubernetes made/,
    ["try-later"],
  ],
  [
    "deleting EKS Cluster (ml-team): ResourceInUseException: Cluster has nodegroups attached",
    "still-used",
    /cannot be removed while something uses it/,
    ["try-later"],
  ],
  [
    "UnfulfillableCapacity: Unable to fulfill capacity",
    "type-not-offered",
    /not offered in one of the zones/,
    ["other-gpu", "plan-again"],
  ],
  ["InvalidFleetConfiguration: x", "type-not-offered", /not offered/, ["other-gpu", "plan-again"]],
  ["Ec2InstanceTypeDoesNotExist", "type-not-offered", /not offered/, ["other-gpu", "plan-again"]],
  [
    "NodeCreationFailure: Instances failed to join the kubernetes cluster",
    "nodes-did-not-join",
    /way out .*three policies.*authorized networks/,
    ["plan-again"],
  ],
  [
    "AsgInstanceLaunchFailures: Could not launch x",
    "subnets-full",
    /AWS could not start nodes: .*Could not launch x/,
    ["plan-again"],
  ],
  ["InsufficientFreeAddresses", "subnets-full", /no free addresses left/, ["plan-again"]],
  [
    "UnauthorizedOperation: You are not authorized to perform: ec2:CreateVpc with this operation",
    "permission",
    /lacks the permission ec2:CreateVpc/,
    ["plan-again"],
  ],
  [
    "AccessDenied: User: arn:aws:iam::1:user/x is not authorized to perform: iam:PassRole on resource: y",
    "permission",
    /lacks the permission iam:PassRole/,
    ["plan-again"],
  ],
  [
    `googleapi: Error 403: Required "container.clusters.create" permission(s) for "projects/p". forbidden`,
    "permission",
    /lacks the permission container\.clusters\.create/,
    ["plan-again"],
  ],
  [
    "error: You must be logged in to the server (Unauthorized)",
    "not-authorized-cluster",
    /access entries/,
    ["sign-in aws sso login"],
  ],
  [
    "exec: executable gke-gcloud-auth-plugin not found",
    "plugin-missing",
    /gke-gcloud-auth-plugin/,
    ["sign-in gcloud components install gke-gcloud-auth-plugin"],
  ],
  [
    `Error acquiring the state lock\n${LOCKED}`,
    "state-locked",
    /locked by ana@laptop since 2026-11-22 11:32:26 \+0000 UTC \(apply\)/,
    ["try-later", "unlock fe1a124b-8fbf-91f1-b294-028dd0146e5e"],
  ],
  [
    "Error acquiring the state lock\nError message: mkdir /nowhere: no such file or directory",
    "state-locked",
    /could not be locked: .*no such file or directory/,
    ["plan-again"],
  ],
  [
    "Saved plan is stale\nThe given plan file can no longer be applied",
    "stale-plan",
    /Nothing was changed by it/,
    ["plan-again"],
  ],
  [
    "Failed to persist state to backend\nThe error shown above has prevented Terraform from writing the updated state",
    "state-not-saved",
    /kept in errored\.tfstate/,
    ["state-push"],
  ],
  [
    "google: could not find default credentials. See https://cloud.google.com/docs/authentication/external/set-up-adc",
    "sign-in-google",
    /sign-in of its own/,
    ["sign-in gcloud auth application-default login", "plan-again"],
  ],
  [
    `oauth2: "invalid_grant" "reauth related error (invalid_rapt)"`,
    "sign-in-google",
    /not signed in to Google/,
    ["sign-in gcloud auth application-default login", "plan-again"],
  ],
  ["No valid credential sources found", "sign-in-aws", /not signed in to AWS/, ["sign-in aws sso login", "plan-again"]],
  [
    "ExpiredToken: The security token included in the request is expired",
    "sign-in-aws",
    /run out/,
    ["sign-in aws sso login", "plan-again"],
  ],
  [
    "Failed to query available provider packages: could not connect to registry.terraform.io",
    "registry-unreachable",
    /could not be downloaded/,
    ["plan-again"],
  ],
];

describe("failures of Terraform and the clouds", () => {
  for (const [text, code, says, offers] of TABLE) {
    it(`${code}: ${text.split("\n")[0]?.slice(0, 70) ?? ""}`, () => {
      const failure = matchFailure(text, { project: "proj-1", region: "us-west-2" });
      assert.equal(failure?.code, code);
      assert.match(failure.message, says);
      assert.deepEqual(
        failure.next.map(({ kind, value }) => [kind, value].filter(Boolean).join(" ")),
        offers,
      );
      for (const { title } of failure.next) assert.ok(title.length > 0);
    });
  }

  it("tells each known failure once and before what is unknown, with its address and without warnings", () => {
    const error = { severity: "error", summary: "Something odd", detail: "of its own" } as const;
    const quota = { severity: "error", summary: "Quota 'CPUS' exceeded", detail: "", address: "a.b" } as const;
    const told = explain([error, quota, quota, { severity: "warning", summary: "Deprecated", detail: "" }]);
    assert.deepEqual(
      told.map(({ code, address }) => [code, address]),
      [
        ["quota", "a.b"],
        ["terraform-failed", undefined],
      ],
    );
    assert.equal(told[1]?.message, "Something odd: of its own");
    assert.deepEqual(failuresOf(new TerraformError("Not done.", told)), told);
    assert.deepEqual(failuresOf(new Error("x")), []);
  });

  it("leads to the quota that counts the machine of the pool that failed", () => {
    const error = { severity: "error", summary: "VcpuLimitExceeded: too many", detail: "" } as const;
    const machines = { cpu: "m5.xlarge", gpu: "p4d.24xlarge" };
    const codes = ["cpu", "gpu", "other"].map((pool) => {
      const [failure] = explain([{ ...error, address: `aws_eks_node_group.${pool}[0]` }], { machines });
      return failure?.next[0]?.value?.split("/quotas/")[1];
    });
    assert.deepEqual(codes, ["L-1216C47A", "L-417A185B", undefined]);
  });

  it("takes no lock's ID that could be an option or a path", () => {
    assert.equal(parseLockInfo(LOCKED)?.who, "ana@laptop");
    for (const id of ["-force", "../x", "a b", ""])
      assert.equal(parseLockInfo(`Lock Info:\n  ID:   ${id}\n`), undefined, id);
    // Cloud Storage's is the generation of an object.
    assert.equal(parseLockInfo("Lock Info:\n  ID:        1731337200000000\n")?.id, "1731337200000000");
  });

  it("shows nothing of a text that moves the cursor", () => {
    const failure = matchFailure("Error 403: \u001b[2J\u001b]0;title\u0007denied\r\nmore");
    assert.equal(failure?.message, "The account may not do this: Error 403: denied more");
  });
});
