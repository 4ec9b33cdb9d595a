terraform {
  # 1.10 is the first that locks a state in S3 by itself; the same floor holds for every cloud.
  required_version = ">= 1.10"

  required_providers {
    google = {
      source  = "hashicorp/google"
      version = ">= 6.50, < 8.0"
    }
  }
}

provider "google" {
  project = var.project
  region  = var.region

  # Whatever a crash leaves behind is found again by these labels.
  default_labels = local.labels
}
