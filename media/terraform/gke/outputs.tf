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
  description = "Writes a context for the cluster. It uses the endpoint that IAM guards, which is reachable from anywhere."
  value = join(" ", [
    "gcloud container clusters get-credentials ${google_container_cluster.this.name}",
    "--location=${google_container_cluster.this.location}",
    "--project=${var.project}",
    "--dns-endpoint",
  ])
}
