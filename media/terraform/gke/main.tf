locals {
  labels = merge(var.labels, {
    managed-by        = "trainyard"
    trainyard-cluster = var.name
  })

  # Firewall rules reach the nodes by this tag.
  node_tag = "${var.name}-node"

  # An account id has at most 30 characters. A long name keeps its beginning and gets a hash, so that two long names
  # that begin alike do not meet.
  account = length(var.name) <= 24 ? var.name : "${substr(var.name, 0, 17)}-${substr(sha256(var.name), 0, 6)}"

  # The newest machine series take no persistent disks, only Hyperdisk.
  hyperdisk_only = "^(a3-ultragpu|a4|a4x|g4|n4|c4|c4a|c4d)-"
  cpu_disk_type  = can(regex(local.hyperdisk_only, var.cpu_pool.machine)) ? "hyperdisk-balanced" : "pd-balanced"
}

# --- APIs

# A fresh project has none of them on. They stay on after a destroy: other things of the project may use them by then.
resource "google_project_service" "this" {
  for_each = toset([
    "artifactregistry.googleapis.com",
    "cloudresourcemanager.googleapis.com",
    "compute.googleapis.com",
    "container.googleapis.com",
    "iam.googleapis.com",
  ])

  service            = each.value
  disable_on_destroy = false
}

# --- Network

resource "google_compute_network" "this" {
  name                    = var.name
  auto_create_subnetworks = false
  depends_on              = [google_project_service.this]
}

resource "google_compute_subnetwork" "this" {
  name          = "${var.name}-nodes"
  network       = google_compute_network.this.id
  region        = var.region
  ip_cidr_range = var.ranges.nodes

  # Google's own APIs, and images in Artifact Registry, without the way through NAT.
  private_ip_google_access = true

  secondary_ip_range {
    range_name    = "pods"
    ip_cidr_range = var.ranges.pods
  }

  secondary_ip_range {
    range_name    = "services"
    ip_cidr_range = var.ranges.services
  }
}

resource "google_compute_router" "this" {
  name    = var.name
  network = google_compute_network.this.id
  region  = var.region
}

# Nodes have no public address. Without NAT they could pull no image from Docker Hub, ghcr.io or quay.io.
resource "google_compute_router_nat" "this" {
  name                               = var.name
  router                             = google_compute_router.this.name
  region                             = var.region
  nat_ip_allocate_option             = "AUTO_ONLY"
  source_subnetwork_ip_ranges_to_nat = "ALL_SUBNETWORKS_ALL_IP_RANGES"
}

# GKE itself opens only 443 and 10250 from the control plane to private nodes. Kubeflow's admission webhooks listen
# elsewhere: 4443 PodDefaults, 8443 Katib and Pipelines, 9443 Trainer and KServe, 15017 Istio. Without this rule every
# object that such a webhook looks at is refused after a time-out.
resource "google_compute_firewall" "webhooks" {
  name          = "${var.name}-webhooks"
  network       = google_compute_network.this.id
  direction     = "INGRESS"
  source_ranges = [var.ranges.control_plane, google_compute_subnetwork.this.ip_cidr_range]
  target_tags   = [local.node_tag]

  allow {
    protocol = "tcp"
    ports    = ["4443", "8443", "9443", "15017"]
  }
}

# --- Identity of the nodes

# Not the default account of Compute Engine, which may edit the whole project.
resource "google_service_account" "nodes" {
  account_id   = "${local.account}-nodes"
  display_name = "GKE nodes of ${var.name}"
  depends_on   = [google_project_service.this]
}

# Logs and metrics, images of this project, and the metadata that metrics are joined with. Nothing else.
resource "google_project_iam_member" "nodes" {
  for_each = toset([
    "roles/artifactregistry.reader",
    "roles/container.defaultNodeServiceAccount",
    "roles/stackdriver.resourceMetadata.writer",
  ])

  project = var.project
  role    = each.value
  member  = google_service_account.nodes.member
}

# --- Cluster

resource "google_container_cluster" "this" {
  name            = var.name
  location        = var.region
  node_locations  = var.zones
  network         = google_compute_network.this.id
  subnetwork      = google_compute_subnetwork.this.id
  networking_mode = "VPC_NATIVE"
  resource_labels = local.labels

  # Terraform refuses to destroy the cluster while this is true; it has to be taken back by an apply of its own first.
  deletion_protection = var.deletion_protection

  # GKE cannot make a cluster without nodes. These are removed again, so they are as small as they can be: by default
  # each zone would take 100 GB of SSD quota for them, which fails in many new projects.
  remove_default_node_pool = true
  initial_node_count       = 1

  node_config {
    service_account = google_service_account.nodes.email
    machine_type    = "e2-medium"
    disk_size_gb    = 20
    disk_type       = "pd-standard"
  }

  ip_allocation_policy {
    cluster_secondary_range_name  = "pods"
    services_secondary_range_name = "services"
  }

  # A fixed range for the control plane, because the rule for webhooks above has to name it.
  private_cluster_config {
    enable_private_nodes    = true
    enable_private_endpoint = false
    master_ipv4_cidr_block  = var.ranges.control_plane
  }

  # A name with a public certificate that IAM guards: works from anywhere a person may sign in from. No list of networks
  # binds it, so where there is one the name answers nobody outside Google Cloud, and the address below is used.
  control_plane_endpoints_config {
    dns_endpoint_config {
      allow_external_traffic = length(var.authorized_networks) == 0
    }
  }

  dynamic "master_authorized_networks_config" {
    for_each = length(var.authorized_networks) == 0 ? [] : [1]

    content {
      dynamic "cidr_blocks" {
        for_each = toset(var.authorized_networks)

        content {
          cidr_block = cidr_blocks.value
        }
      }
    }
  }

  # Pods get an identity of their own instead of the nodes'.
  workload_identity_config {
    workload_pool = "${var.project}.svc.id.goog"
  }

  release_channel {
    channel = var.release_channel
  }

  # Upgrades restart nodes, and with them whatever trains: at the weekend, in the early hours (UTC).
  maintenance_policy {
    recurring_window {
      start_time = "2026-01-03T02:00:00Z"
      end_time   = "2026-01-03T08:00:00Z"
      recurrence = "FREQ=WEEKLY;BYDAY=SA,SU"
    }
  }

  # Calico and not Dataplane V2, which is Cilium: Kubeflow's dashboard behind Istio needs settings of Cilium that GKE
  # does not let anybody change.
  datapath_provider = "LEGACY_DATAPATH"

  network_policy {
    enabled  = true
    provider = "CALICO"
  }

  addons_config {
    network_policy_config {
      disabled = false
    }

    gce_persistent_disk_csi_driver_config {
      enabled = true
    }
  }

  timeouts {
    create = "45m"
    update = "45m"
    delete = "45m"
  }

  lifecycle {
    # Both speak of the nodes that were removed, and would show as drift.
    ignore_changes = [node_config, initial_node_count]
  }

  depends_on = [google_project_iam_member.nodes, google_compute_router_nat.this]
}

# --- Node pools

# GPU nodes are tainted, so Kubeflow itself runs here. One zone, because a disk lives in one: in several zones a pod may
# find its disk where no node has room for it.
resource "google_container_node_pool" "cpu" {
  name           = "cpu"
  cluster        = google_container_cluster.this.id
  node_locations = [var.zones[0]]

  # Counted per zone, and there is one. A later change of it would make the pool anew, so it is ignored below.
  initial_node_count = var.cpu_pool.nodes

  autoscaling {
    total_min_node_count = var.cpu_pool.nodes
    total_max_node_count = var.cpu_pool.max_nodes
    location_policy      = "BALANCED"
  }

  node_config {
    machine_type    = var.cpu_pool.machine
    disk_size_gb    = var.cpu_pool.disk_gb
    disk_type       = local.cpu_disk_type
    service_account = google_service_account.nodes.email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    resource_labels = local.labels
    tags            = [local.node_tag]

    # Without this pods could still take the nodes' identity.
    workload_metadata_config {
      mode = "GKE_METADATA"
    }

    shielded_instance_config {
      enable_secure_boot          = true
      enable_integrity_monitoring = true
    }
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  timeouts {
    create = "45m"
    update = "45m"
    delete = "45m"
  }

  lifecycle {
    ignore_changes = [initial_node_count]
  }
}

# Made without nodes: initial_node_count is left out, and the provider then asks for none. A pool that is made with
# nodes waits for stock, for hours where there is none; an empty one is there at once, and the autoscaler brings nodes
# when a pod asks for a GPU and takes them away when none does.
resource "google_container_node_pool" "gpu" {
  count = var.gpu_pool == null ? 0 : 1

  name           = "gpu"
  cluster        = google_container_cluster.this.id
  node_locations = var.zones

  # Over all zones together (min_node_count and max_node_count would count per zone). ANY takes a node wherever there
  # is one in stock.
  autoscaling {
    total_min_node_count = 0
    total_max_node_count = var.gpu_pool.max_nodes
    location_policy      = "ANY"
  }

  node_config {
    machine_type    = var.gpu_pool.machine
    spot            = var.gpu_pool.spot
    disk_size_gb    = var.gpu_pool.disk_gb
    disk_type       = can(regex(local.hyperdisk_only, var.gpu_pool.machine)) ? "hyperdisk-balanced" : "pd-balanced"
    service_account = google_service_account.nodes.email
    oauth_scopes    = ["https://www.googleapis.com/auth/cloud-platform"]
    resource_labels = local.labels
    tags            = [local.node_tag]

    guest_accelerator {
      type  = var.gpu_pool.accelerator
      count = var.gpu_pool.per_node

      gpu_driver_installation_config {
        gpu_driver_version = var.gpu_pool.driver
      }
    }

    # GKE would set this taint by itself. It is written out so that nobody has to know; pods that ask for a GPU get the
    # toleration from GKE.
    dynamic "taint" {
      for_each = var.gpu_pool.taint ? [1] : []

      content {
        key    = "nvidia.com/gpu"
        value  = "present"
        effect = "NO_SCHEDULE"
      }
    }

    workload_metadata_config {
      mode = "GKE_METADATA"
    }
  }

  management {
    auto_repair  = true
    auto_upgrade = true
  }

  timeouts {
    create = "45m"
    update = "45m"
    delete = "45m"
  }

  lifecycle {
    ignore_changes = [initial_node_count]
  }
}
