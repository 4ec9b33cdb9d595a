// Test double: what the APIs of Google and Amazon answer to their own programs about one cluster, ml-team.
export interface Asked {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: string;
  /** AWS's JSON protocol: `TrentService.GetThing`. */
  readonly target: string;
}
export type Answer = readonly [status: number, body: unknown, contentType?: string];

const XML = "text/xml";
const zone = (name: string): string => `https://www.googleapis.com/compute/v1/projects/proj-1/zones/${name}`;

export function gcp({ path: at, method }: Asked): Answer | undefined {
  const machine = (name: string, cpus: number, where: string) => ({ name, guestCpus: cpus, zone: where });
  const scoped = (where: string, items: Record<string, unknown>) => [`zones/${where}`, items];
  const aggregated = (pairs: unknown[][]): Answer => [200, { items: Object.fromEntries(pairs) as unknown }];
  if (at.endsWith(":getIamPolicy"))
    return [200, { bindings: [{ role: "roles/owner", members: ["user:Ada@example.com"] }] }];
  if (/\/projects\/proj-1$/.test(at) && !at.includes("compute"))
    return [200, { projectId: "proj-1", name: "ML", lifecycleState: "ACTIVE", state: "ACTIVE" }];
  if (at.endsWith("/billingInfo")) return [200, { billingEnabled: true, projectId: "proj-1" }];
  if (at.endsWith("/services"))
    return [
      200,
      {
        services: ["compute", "container"].map((api) => ({
          config: { name: `${api}.googleapis.com` },
          state: "ENABLED",
        })),
      },
    ];
  if (at.endsWith("/aggregated/machineTypes"))
    return aggregated(
      ["us-central1-a", "us-central1-c"].map((where) =>
        scoped(where, { machineTypes: [machine("e2-standard-4", 4, where), machine("g2-standard-8", 8, where)] }),
      ),
    );
  if (at.endsWith("/aggregated/acceleratorTypes"))
    return aggregated(
      ["us-central1-a", "us-central1-c"].map((where) =>
        scoped(where, { acceleratorTypes: [{ name: "nvidia-l4", zone: zone(where) }] }),
      ),
    );
  if (at.endsWith("/regions/us-central1"))
    return [
      200,
      {
        name: "us-central1",
        quotas: [
          { metric: "NVIDIA_L4_GPUS", limit: 1, usage: 0 },
          { metric: "CPUS", limit: 72, usage: 4 },
        ],
      },
    ];
  if (at.endsWith("/projects/proj-1")) return [200, { quotas: [{ metric: "GPUS_ALL_REGIONS", limit: 0, usage: 0 }] }];
  if (at.endsWith("/serverConfig"))
    return [200, { channels: [{ channel: "REGULAR", defaultVersion: "1.35.8-gke.1036000" }] }];
  if (at.endsWith("/nodePools") && method === "GET")
    return [
      200,
      {
        nodePools: [
          {
            name: "gpu",
            config: {
              machineType: "g2-standard-8",
              spot: true,
              accelerators: [{ acceleratorCount: "1", acceleratorType: "nvidia-l4" }],
            },
            locations: ["us-central1-a", "us-central1-c"],
            instanceGroupUrls: [`${zone("us-central1-a")}/instanceGroupManagers/gke-ml-gpu-1-grp`],
          },
          {
            name: "cpu",
            config: { machineType: "e2-standard-4" },
            autoscaling: { enabled: true, totalMinNodeCount: 3, totalMaxNodeCount: 5 },
          },
        ],
      },
    ];
  const group = `${zone("us-central1-a")}/instanceGroups/gke-ml-gpu-1-grp`;
  if (at.endsWith("/zones/us-central1-a/instanceGroups"))
    return [200, { items: [{ name: "gke-ml-gpu-1-grp", selfLink: group, zone: zone("us-central1-a"), size: 0 }] }];
  if (at.endsWith("/instanceGroupManagers"))
    return aggregated([
      scoped("us-central1-a", {
        instanceGroupManagers: [
          {
            name: "gke-ml-gpu-1-grp",
            targetSize: 0,
            zone: zone("us-central1-a"),
            instanceGroup: group,
            selfLink: group.replace("Groups", "GroupManagers"),
          },
        ],
      }),
    ]);
  if (at.endsWith(":setSize")) return [200, { name: "operation-1", status: "RUNNING" }];
  if (at.endsWith("/clusters/ml-team"))
    return [
      200,
      {
        ...{ name: "ml-team", location: "us-central1", zone: "us-central1", status: "RUNNING", endpoint: "10.0.0.1" },
        masterAuth: { clusterCaCertificate: "Y2E=" },
        nodePools: [{ name: "gpu" }],
        controlPlaneEndpointsConfig: {
          dnsEndpointConfig: { endpoint: "gke-x.us-central1.gke.goog", allowExternalTraffic: true },
        },
      },
    ];
  if (at.endsWith("/clusters"))
    return [200, { clusters: [{ name: "ml-team", location: "us-central1", status: "RUNNING" }] }];
  if (at.endsWith("/aggregated/disks"))
    return aggregated([
      scoped("us-central1-a", {
        disks: [
          {
            name: "pvc-1",
            zone: zone("us-central1-a"),
            labels: { "goog-k8s-cluster-name": "ml-team", "goog-k8s-cluster-location": "us-central1" },
          },
          {
            name: "elsewhere",
            labels: { "goog-k8s-cluster-name": "ml-team", "goog-k8s-cluster-location": "us-east1" },
            zone: zone("us-central1-a"),
          },
        ],
      }),
    ]);
  if (at.endsWith("/b/state")) return [200, { name: "state", versioning: { enabled: true } }];
  if (at.endsWith("/regions")) return [200, { items: [{ name: "us-central1" }] }];
  if (at.endsWith("/projects"))
    return [200, { projects: [{ projectId: "proj-1", name: "ML", lifecycleState: "ACTIVE" }] }];
  if (at.includes("/compute/")) return [200, { items: {} }];
  return undefined;
}

const xml = (name: string, inner: string): Answer => [
  200,
  `<${name}Response xmlns="http://ec2.amazonaws.com/doc/2016-11-15/">${inner}</${name}Response>`,
  XML,
];
const items = (tag: string, all: readonly string[]): string =>
  `<${tag}>${all.map((one) => `<item>${one}</item>`).join("")}</${tag}>`;

export function aws({ path: at, body, target, method, query }: Asked): Answer | undefined {
  const action = new URLSearchParams(body).get("Action");
  if (action === "GetCallerIdentity")
    return [
      200,
      '<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult><Arn>arn:aws:sts::123456789012:assumed-role/ml/ada</Arn><UserId>x</UserId><Account>123456789012</Account></GetCallerIdentityResult></GetCallerIdentityResponse>',
      XML,
    ];
  if (action === "SimulatePrincipalPolicy")
    return [
      200,
      '<SimulatePrincipalPolicyResponse xmlns="https://iam.amazonaws.com/doc/2010-05-08/"><SimulatePrincipalPolicyResult><EvaluationResults><member><EvalActionName>eks:CreateCluster</EvalActionName><EvalDecision>allowed</EvalDecision></member><member><EvalActionName>iam:CreateRole</EvalActionName><EvalDecision>implicitDeny</EvalDecision></member></EvaluationResults></SimulatePrincipalPolicyResult></SimulatePrincipalPolicyResponse>',
      XML,
    ];
  if (action === "DescribeRegions")
    return xml(
      action,
      items("regionInfo", ["<regionName>us-west-2</regionName><optInStatus>opt-in-not-required</optInStatus>"]),
    );
  if (action === "DescribeAvailabilityZones")
    return xml(
      action,
      items(
        "availabilityZoneInfo",
        ["a", "b", "c"].map((end, at) => `<zoneName>us-west-2${end}</zoneName><zoneId>usw2-az${at + 1}</zoneId>`),
      ),
    );
  if (action === "DescribeInstanceTypeOfferings")
    return xml(
      action,
      items(
        "instanceTypeOfferingSet",
        ["m5.xlarge us-west-2a", "m5.xlarge us-west-2b", "g5.xlarge us-west-2a", "g5.xlarge us-west-2b"].map((pair) => {
          const [type, place] = pair.split(" ");
          return `<instanceType>${type ?? ""}</instanceType><location>${place ?? ""}</location>`;
        }),
      ),
    );
  if (action === "DescribeInstances") {
    const cpus = "<cpuOptions><coreCount>4</coreCount><threadsPerCore>2</threadsPerCore></cpuOptions>";
    const [other, own] = ["other", "ml-team"].map((cluster) => {
      const tags = items("tagSet", [`<key>eks:cluster-name</key><value>${cluster}</value>`]);
      return `<instanceType>c6i.2xlarge</instanceType>${cpus}${tags}`;
    });
    return xml(action, items("reservationSet", [items("instancesSet", [other ?? "", own ?? ""])]));
  }
  if (action === "DescribeSpotPriceHistory")
    return xml(
      action,
      items("spotPriceHistorySet", [
        "<instanceType>g5.xlarge</instanceType><spotPrice>0.412</spotPrice>",
        "<instanceType>g5.xlarge</instanceType><spotPrice>0.398</spotPrice>",
      ]),
    );
  if (target.endsWith("GetServiceQuota")) {
    const code = (JSON.parse(body) as { QuotaCode: string }).QuotaCode;
    return [200, { Quota: { QuotaCode: code, Value: code === "L-3819A6DF" ? 0 : 64 } }];
  }
  if (target.endsWith("GetProducts")) {
    const type = /"Field":\s*"instanceType",\s*"Value":\s*"([^"]+)"/.exec(body)?.[1] ?? "";
    const price = { priceDimensions: { b: { pricePerUnit: { USD: type === "g5.xlarge" ? "1.0060" : "0.192" } } } };
    return [
      200,
      { PriceList: [JSON.stringify({ publicationDate: "2026-11-20T10:00:00Z", terms: { OnDemand: { a: price } } })] },
    ];
  }
  if (target.endsWith("GetResources"))
    return [
      200,
      {
        ResourceTagMappingList: body.includes("trainyard-cluster")
          ? [
              { ResourceARN: "arn:aws:ec2:us-west-2:123456789012:volume/vol-1" },
              { ResourceARN: "arn:aws:elasticloadbalancing:us-west-2:1:loadbalancer/net/a/b" },
            ]
          : [],
      },
    ];
  if (at === "/cluster-versions")
    return [
      200,
      {
        clusterVersions: [
          {
            clusterVersion: "1.35",
            defaultVersion: true,
            versionStatus: "STANDARD_SUPPORT",
            endOfStandardSupportDate: 1806019200,
          },
        ],
      },
    ];
  if (at.endsWith("/node-groups")) return [200, { nodegroups: ["cpu", "gpu"] }];
  if (at.endsWith("/node-groups/cpu")) {
    const scalingConfig = { minSize: 3, maxSize: 5, desiredSize: 3 };
    const instances = { capacityType: "ON_DEMAND", instanceTypes: ["m5.xlarge"] };
    return [200, { nodegroup: { nodegroupName: "cpu", status: "ACTIVE", scalingConfig, ...instances } }];
  }
  if (at.endsWith("/node-groups/gpu"))
    return [
      200,
      {
        nodegroup: {
          nodegroupName: "gpu",
          capacityType: "SPOT",
          instanceTypes: ["g5.xlarge"],
          subnets: ["a", "b"],
          scalingConfig: { minSize: 0, maxSize: 2, desiredSize: 0 },
          health: {
            issues: [
              {
                code: "AsgInstanceLaunchFailures",
                message: "Could not launch Spot Instances. InsufficientInstanceCapacity",
                resourceIds: [],
              },
            ],
          },
        },
      },
    ];
  if (at.endsWith("/update-config") && method === "POST") return [200, { update: { id: "u", status: "InProgress" } }];
  if (at === "/clusters") return [200, { clusters: ["other"] }];
  if (at === "/state" && query.has("versioning"))
    return [
      200,
      '<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>',
      XML,
    ];
  return undefined;
}
