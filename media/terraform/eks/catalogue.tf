# Written by scripts/terraformTables.ts from the wizard's own catalogue; the conditions in variables.tf measure by it.

locals {
  patterns = {
    name            = "^[0-9A-Za-z][A-Za-z0-9_-]{0,99}$"
    region          = "^[a-z]{2}(-[a-z]+)+-[0-9]$"
    version         = "^1[.](3[4-9]|[4-9][0-9])$"
    cpu_machine     = "^[a-z][a-z0-9-]*[.][a-z0-9-]+$"
    not_cpu_machine = "^((g|gr|p|inf|trn|dl|vt|f)[0-9][a-z0-9-]*|a1|[a-z]+[0-9]+g[a-z]*)[.]"
  }

  most = {
    nodes    = 450
    zones    = 10
    networks = 40
  }

  # GPUs of one node, which is the instance type's own number. meta-pytorch/torchx named_resources_aws.py.
  gpus = {
    "T4" = {
      "g4dn.xlarge"   = [1]
      "g4dn.2xlarge"  = [1]
      "g4dn.4xlarge"  = [1]
      "g4dn.8xlarge"  = [1]
      "g4dn.16xlarge" = [1]
      "g4dn.12xlarge" = [4]
      "g4dn.metal"    = [8]
    }
    "A10G" = {
      "g5.xlarge"   = [1]
      "g5.2xlarge"  = [1]
      "g5.4xlarge"  = [1]
      "g5.8xlarge"  = [1]
      "g5.16xlarge" = [1]
      "g5.12xlarge" = [4]
      "g5.24xlarge" = [4]
      "g5.48xlarge" = [8]
    }
    "L4" = {
      "g6.xlarge"   = [1]
      "g6.2xlarge"  = [1]
      "g6.4xlarge"  = [1]
      "g6.8xlarge"  = [1]
      "g6.16xlarge" = [1]
      "g6.12xlarge" = [4]
      "g6.24xlarge" = [4]
      "g6.48xlarge" = [8]
      "gr6.4xlarge" = [1]
      "gr6.8xlarge" = [1]
    }
    "L40S" = {
      "g6e.xlarge"   = [1]
      "g6e.2xlarge"  = [1]
      "g6e.4xlarge"  = [1]
      "g6e.8xlarge"  = [1]
      "g6e.16xlarge" = [1]
      "g6e.12xlarge" = [4]
      "g6e.24xlarge" = [4]
      "g6e.48xlarge" = [8]
    }
    "V100" = {
      "p3.2xlarge"  = [1]
      "p3.8xlarge"  = [4]
      "p3.16xlarge" = [8]
    }
    "V100-32GB" = {
      "p3dn.24xlarge" = [8]
    }
    "A100" = {
      "p4d.24xlarge" = [8]
    }
    "A100-80GB" = {
      "p4de.24xlarge" = [8]
    }
    "H100" = {
      "p5.4xlarge"  = [1]
      "p5.48xlarge" = [8]
    }
    "H200" = {
      "p5e.48xlarge"  = [8]
      "p5en.48xlarge" = [8]
    }
    "B200" = {
      "p6-b200.48xlarge" = [8]
    }
  }

  # EKS refuses these among the networks that may reach the public endpoint.
  reserved_networks = ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "127.0.0.0/8", "169.254.0.0/16", "224.0.0.0/3"]
}
