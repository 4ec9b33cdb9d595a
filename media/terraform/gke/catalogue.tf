# Written by scripts/terraformTables.ts from the wizard's own catalogue; the conditions in variables.tf measure by it.

locals {
  patterns = {
    name            = "^[a-z][a-z0-9-]{0,38}[a-z0-9]$"
    project         = "^([a-z0-9.-]+:)?[a-z][a-z0-9-]{4,28}[a-z0-9]$"
    region          = "^[a-z]+-[a-z]+[0-9]{1,2}$"
    zone_end        = "^-[a-z]$"
    cpu_machine     = "^[a-z][a-z0-9]*-[a-z0-9-]+$"
    not_cpu_machine = "^(g2|g4|a2|a3|a4|a4x|t2a|c4a|n4a)-"
  }

  most = {
    nodes    = 450
    zones    = 10
    networks = 40
  }

  # GPUs of one node that each machine type takes. SkyPilot gcp_catalog.py and GoogleCloudPlatform/cluster-toolkit.
  gpus = {
    "nvidia-l4" = {
      "g2-standard-4"  = [1]
      "g2-standard-8"  = [1]
      "g2-standard-12" = [1]
      "g2-standard-16" = [1]
      "g2-standard-24" = [2]
      "g2-standard-32" = [1]
      "g2-standard-48" = [4]
      "g2-standard-96" = [8]
    }
    "nvidia-tesla-t4" = {
      "n1-standard-1"  = [1, 2, 4]
      "n1-standard-2"  = [1, 2, 4]
      "n1-standard-4"  = [1, 2, 4]
      "n1-standard-8"  = [1, 2, 4]
      "n1-standard-16" = [1, 2, 4]
      "n1-standard-32" = [1, 2, 4]
      "n1-standard-64" = [4]
      "n1-standard-96" = [4]
      "n1-highmem-2"   = [1, 2, 4]
      "n1-highmem-4"   = [1, 2, 4]
      "n1-highmem-8"   = [1, 2, 4]
      "n1-highmem-16"  = [1, 2, 4]
      "n1-highmem-32"  = [1, 2, 4]
      "n1-highmem-64"  = [4]
      "n1-highmem-96"  = [4]
      "n1-highcpu-2"   = [1, 2, 4]
      "n1-highcpu-4"   = [1, 2, 4]
      "n1-highcpu-8"   = [1, 2, 4]
      "n1-highcpu-16"  = [1, 2, 4]
      "n1-highcpu-32"  = [1, 2, 4]
      "n1-highcpu-64"  = [4]
      "n1-highcpu-96"  = [4]
    }
    "nvidia-tesla-a100" = {
      "a2-highgpu-1g"  = [1]
      "a2-highgpu-2g"  = [2]
      "a2-highgpu-4g"  = [4]
      "a2-highgpu-8g"  = [8]
      "a2-megagpu-16g" = [16]
    }
    "nvidia-a100-80gb" = {
      "a2-ultragpu-1g" = [1]
      "a2-ultragpu-2g" = [2]
      "a2-ultragpu-4g" = [4]
      "a2-ultragpu-8g" = [8]
    }
    "nvidia-h100-80gb" = {
      "a3-highgpu-1g" = [1]
      "a3-highgpu-2g" = [2]
      "a3-highgpu-4g" = [4]
      "a3-highgpu-8g" = [8]
    }
    "nvidia-h100-mega-80gb" = {
      "a3-megagpu-8g" = [8]
    }
    "nvidia-h200-141gb" = {
      "a3-ultragpu-8g" = [8]
    }
    "nvidia-b200" = {
      "a4-highgpu-8g" = [8]
    }
    "nvidia-rtx-pro-6000" = {
      "g4-standard-48"  = [1]
      "g4-standard-96"  = [2]
      "g4-standard-192" = [4]
      "g4-standard-384" = [8]
    }
    "nvidia-tesla-v100" = {
      "n1-standard-1"  = [1, 2, 4, 8]
      "n1-standard-2"  = [1, 2, 4, 8]
      "n1-standard-4"  = [1, 2, 4, 8]
      "n1-standard-8"  = [1, 2, 4, 8]
      "n1-standard-16" = [2, 4, 8]
      "n1-standard-32" = [4, 8]
      "n1-standard-64" = [8]
      "n1-standard-96" = [8]
      "n1-highmem-2"   = [1, 2, 4, 8]
      "n1-highmem-4"   = [1, 2, 4, 8]
      "n1-highmem-8"   = [1, 2, 4, 8]
      "n1-highmem-16"  = [2, 4, 8]
      "n1-highmem-32"  = [4, 8]
      "n1-highmem-64"  = [8]
      "n1-highmem-96"  = [8]
      "n1-highcpu-2"   = [1, 2, 4, 8]
      "n1-highcpu-4"   = [1, 2, 4, 8]
      "n1-highcpu-8"   = [1, 2, 4, 8]
      "n1-highcpu-16"  = [2, 4, 8]
      "n1-highcpu-32"  = [4, 8]
      "n1-highcpu-64"  = [8]
      "n1-highcpu-96"  = [8]
    }
    "nvidia-tesla-p100" = {
      "n1-standard-1"  = [1, 2, 4]
      "n1-standard-2"  = [1, 2, 4]
      "n1-standard-4"  = [1, 2, 4]
      "n1-standard-8"  = [1, 2, 4]
      "n1-standard-16" = [1, 2, 4]
      "n1-standard-32" = [2, 4]
      "n1-standard-64" = [4]
      "n1-standard-96" = [4]
      "n1-highmem-2"   = [1, 2, 4]
      "n1-highmem-4"   = [1, 2, 4]
      "n1-highmem-8"   = [1, 2, 4]
      "n1-highmem-16"  = [1, 2, 4]
      "n1-highmem-32"  = [2, 4]
      "n1-highmem-64"  = [4]
      "n1-highmem-96"  = [4]
      "n1-highcpu-2"   = [1, 2, 4]
      "n1-highcpu-4"   = [1, 2, 4]
      "n1-highcpu-8"   = [1, 2, 4]
      "n1-highcpu-16"  = [1, 2, 4]
      "n1-highcpu-32"  = [2, 4]
      "n1-highcpu-64"  = [4]
      "n1-highcpu-96"  = [4]
    }
    "nvidia-tesla-p4" = {
      "n1-standard-1"  = [1, 2, 4]
      "n1-standard-2"  = [1, 2, 4]
      "n1-standard-4"  = [1, 2, 4]
      "n1-standard-8"  = [1, 2, 4]
      "n1-standard-16" = [1, 2, 4]
      "n1-standard-32" = [2, 4]
      "n1-standard-64" = [4]
      "n1-standard-96" = [4]
      "n1-highmem-2"   = [1, 2, 4]
      "n1-highmem-4"   = [1, 2, 4]
      "n1-highmem-8"   = [1, 2, 4]
      "n1-highmem-16"  = [1, 2, 4]
      "n1-highmem-32"  = [2, 4]
      "n1-highmem-64"  = [4]
      "n1-highmem-96"  = [4]
      "n1-highcpu-2"   = [1, 2, 4]
      "n1-highcpu-4"   = [1, 2, 4]
      "n1-highcpu-8"   = [1, 2, 4]
      "n1-highcpu-16"  = [1, 2, 4]
      "n1-highcpu-32"  = [2, 4]
      "n1-highcpu-64"  = [4]
      "n1-highcpu-96"  = [4]
    }
  }

  # These come as spot only.
  spot_only = ["a3-highgpu-1g", "a3-highgpu-2g", "a3-highgpu-4g"]

  # Regions of Google Cloud. Cyclenerd/google-cloud-pricing-cost-calculator (gcloud lists), 2026-08-10.
  regions = ["us-central1", "us-east1", "us-east4", "us-east5", "us-south1", "us-west1", "us-west2", "us-west3", "us-west4", "northamerica-northeast1", "northamerica-northeast2", "northamerica-south1", "southamerica-east1", "southamerica-west1", "europe-west1", "europe-west2", "europe-west3", "europe-west4", "europe-west6", "europe-west8", "europe-west9", "europe-west10", "europe-west12", "europe-north1", "europe-north2", "europe-central2", "europe-southwest1", "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast2", "asia-northeast3", "asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2", "australia-southeast1", "australia-southeast2", "me-central1", "me-central2", "me-west1", "africa-south1"]

  # Series of machine types, and regions that go without.
  absent = {
    "e2"  = []
    "n2"  = ["europe-north2", "northamerica-south1"]
    "n2d" = ["europe-north2", "northamerica-south1"]
  }

  # Where each GPU is. Cyclenerd/google-cloud-pricing-cost-calculator (gcloud lists), 2026-08-10.
  gpu_regions = {
    "nvidia-l4"             = ["us-central1", "us-east1", "us-east4", "us-west1", "us-west4", "northamerica-northeast1", "northamerica-northeast2", "europe-west1", "europe-west2", "europe-west3", "europe-west4", "europe-west6", "asia-east1", "asia-northeast1", "asia-northeast3", "asia-south1", "asia-southeast1", "me-central2"]
    "nvidia-tesla-t4"       = ["us-central1", "us-east1", "us-east4", "us-west1", "us-west2", "us-west3", "us-west4", "northamerica-northeast1", "southamerica-east1", "europe-west1", "europe-west2", "europe-west3", "europe-west4", "europe-central2", "asia-east1", "asia-east2", "asia-northeast1", "asia-northeast3", "asia-south1", "asia-southeast1", "asia-southeast2", "australia-southeast1", "me-west1"]
    "nvidia-tesla-a100"     = ["us-central1", "us-east1", "us-west1", "us-west3", "us-west4", "europe-west4", "asia-northeast1", "asia-northeast3", "asia-southeast1", "me-west1"]
    "nvidia-a100-80gb"      = ["us-central1", "us-east4", "us-east5", "europe-west4", "asia-southeast1"]
    "nvidia-h100-80gb"      = ["us-central1", "us-east4", "us-east5", "us-west1", "us-west4", "europe-west1", "europe-west3", "europe-west4", "europe-west9", "europe-north1", "asia-east1", "asia-northeast1", "asia-northeast3", "asia-south1", "asia-south2", "asia-southeast1", "australia-southeast1", "australia-southeast2"]
    "nvidia-h100-mega-80gb" = ["us-central1", "us-east4", "us-east5", "us-west1", "us-west4", "europe-west1", "europe-west3", "europe-west4", "europe-north1", "asia-east1", "asia-northeast1", "asia-southeast1", "australia-southeast1"]
    "nvidia-h200-141gb"     = ["us-central1", "us-east4", "us-east5", "us-south1", "us-west1", "europe-west1", "europe-west4", "asia-south1", "asia-south2"]
    "nvidia-b200"           = ["us-central1", "us-east1", "us-east4", "us-south1", "us-west2", "us-west3", "europe-west1", "europe-west4", "europe-north1", "asia-northeast1", "asia-southeast1"]
    "nvidia-rtx-pro-6000"   = ["us-central1", "us-east1", "us-east4", "us-east5", "us-south1", "us-west1", "us-west3", "us-west4", "europe-west1", "europe-west2", "europe-west4", "europe-west8", "europe-west10", "europe-north1", "asia-east1", "asia-northeast1", "asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2", "me-central2"]
    "nvidia-tesla-v100"     = ["us-central1", "us-east1", "us-west1", "europe-west4", "asia-east1"]
    "nvidia-tesla-p100"     = ["us-central1", "us-east1", "us-west1", "europe-west1", "europe-west4", "asia-east1", "australia-southeast1"]
    "nvidia-tesla-p4"       = ["us-central1", "us-east4", "us-west2", "northamerica-northeast1", "europe-west4", "asia-southeast1", "australia-southeast1"]
  }

  # Machine types that are not everywhere where their GPU is.
  machine_regions = {
    "a2-megagpu-16g"  = ["us-central1", "europe-west4", "asia-southeast1"]
    "g4-standard-384" = ["us-central1", "us-east1", "us-east4", "us-east5", "us-south1", "us-west1", "us-west3", "us-west4", "europe-west1", "europe-west2", "europe-west4", "europe-west8", "europe-west10", "europe-north1", "asia-east1", "asia-northeast1", "asia-south1", "asia-south2", "asia-southeast1", "asia-southeast2", "me-central2", "southamerica-east1"]
  }
}
