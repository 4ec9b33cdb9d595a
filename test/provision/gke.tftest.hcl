# The whole configuration against a provider that makes nothing.

mock_provider "google" {
  mock_resource "google_service_account" {
    defaults = {
      email  = "kubeflow-01-nodes@my-project-1.iam.gserviceaccount.com"
      member = "serviceAccount:kubeflow-01-nodes@my-project-1.iam.gserviceaccount.com"
    }
  }
}

run "everything" {
  command = apply

  assert {
    condition     = google_container_node_pool.gpu[0].autoscaling[0].total_min_node_count == 0
    error_message = "The GPU pool starts empty."
  }

  assert {
    condition     = google_container_node_pool.gpu[0].autoscaling[0].location_policy == "ANY"
    error_message = "A GPU node is taken wherever there is one."
  }

  assert {
    condition     = length(google_container_node_pool.cpu.node_locations) == 1
    error_message = "CPU nodes are in one zone, as their disks are."
  }

  assert {
    condition     = contains(one(google_compute_firewall.webhooks.allow).ports, "15017")
    error_message = "The control plane reaches Istio's webhook."
  }

  assert {
    condition     = endswith(output.kubeconfig_command, "--dns-endpoint")
    error_message = "The kubeconfig uses the endpoint that IAM guards."
  }

  assert {
    condition     = google_container_cluster.this.control_plane_endpoints_config[0].dns_endpoint_config[0].allow_external_traffic
    error_message = "The name is reachable from anywhere."
  }
}

run "with_networks" {
  command = apply

  variables {
    authorized_networks = ["203.0.113.7/32"]
  }

  assert {
    condition     = !google_container_cluster.this.control_plane_endpoints_config[0].dns_endpoint_config[0].allow_external_traffic
    error_message = "Listed networks bind the name too: it is closed."
  }

  assert {
    condition     = !strcontains(output.kubeconfig_command, "--dns-endpoint")
    error_message = "The kubeconfig uses the address that the networks may reach."
  }
}

run "without_gpus" {
  command = plan

  variables {
    gpu_pool = null
  }

  assert {
    condition     = length(google_container_node_pool.gpu) == 0
    error_message = "Without gpu_pool there is no such pool."
  }
}
