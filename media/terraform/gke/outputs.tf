output "cluster_name" {
  value = google_container_cluster.this.name
}

output "project" {
  value = var.project
}

output "location" {
  value = google_container_cluster.this.location
}

output "kubeconfig_command" {
  description = "Writes a context for the cluster: by its name, which is reachable from anywhere behind IAM, or by its address where authorized_networks says who may reach it."
  value = join(" ", concat([
    "gcloud container clusters get-credentials ${google_container_cluster.this.name}",
    "--location=${google_container_cluster.this.location}",
    "--project=${var.project}",
  ], length(var.authorized_networks) == 0 ? ["--dns-endpoint"] : []))
}
