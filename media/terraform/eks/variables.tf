# Every rule of the form stands here again, so that a terraform.tfvars.json that was edited by hand fails at the plan,
# with the same words, and not after ten minutes in the cloud.

variable "name" {
  description = "Name of the cluster, and of what is made for it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex(local.patterns.name, var.name))
    error_message = "A name on EKS has 1 to 100 letters, digits, - and _, and begins with a letter or a digit."
  }
}

variable "region" {
  description = "Region as AWS names it, such as us-west-2."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex(local.patterns.region, var.region))
    error_message = "A region looks like us-west-2."
  }
}

variable "kubernetes_version" {
  description = "Minor version of Kubernetes, such as 1.35. `aws eks describe-cluster-versions` lists what is offered."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex(local.patterns.version, var.kubernetes_version))
    error_message = "A version of Kubernetes looks like 1.35; Kubeflow needs 1.34 or newer."
  }
}

variable "cpu_pool" {
  description = "Nodes that Kubeflow itself runs on. `nodes` is how many there are at least, `max_nodes` at most."
  nullable    = false

  type = object({
    instance_type = string
    nodes         = number
    max_nodes     = number
    disk_gb       = optional(number, 100)
  })

  validation {
    condition     = can(regex(local.patterns.cpu_machine, var.cpu_pool.instance_type))
    error_message = "An instance type looks like m5.xlarge."
  }

  validation {
    condition     = !can(regex(local.patterns.not_cpu_machine, var.cpu_pool.instance_type))
    error_message = "This instance type has accelerators of its own or Arm processors, and Kubeflow runs on neither."
  }

  validation {
    condition     = var.cpu_pool.nodes >= 1 && floor(var.cpu_pool.nodes) == var.cpu_pool.nodes
    error_message = "Kubeflow runs on the CPU nodes: at least one is needed."
  }

  validation {
    condition     = var.cpu_pool.max_nodes >= var.cpu_pool.nodes && floor(var.cpu_pool.max_nodes) == var.cpu_pool.max_nodes
    error_message = "The most CPU nodes cannot be fewer than the nodes that the pool starts with."
  }

  validation {
    condition     = var.cpu_pool.max_nodes <= local.most.nodes
    error_message = "A node group of EKS has at most ${local.most.nodes} nodes."
  }

  validation {
    condition     = var.cpu_pool.disk_gb >= 50 && var.cpu_pool.disk_gb <= 16384
    error_message = "A node's disk has 50 to 16384 GB: images of Kubeflow alone take more than the usual 20."
  }
}

variable "gpu_pool" {
  description = "Nodes with GPUs; null for none. The group starts empty. Several instance types widen the choice on spot."
  default     = null

  type = object({
    gpu            = string
    instance_types = list(string)
    per_node       = number
    max_nodes      = number
    capacity_type  = optional(string, "ON_DEMAND")
    disk_gb        = optional(number, 100)
    taint          = optional(bool, true)
  })

  validation {
    condition     = var.gpu_pool == null ? true : length(var.gpu_pool.instance_types) > 0
    error_message = "The GPU pool needs an instance type."
  }

  validation {
    condition = var.gpu_pool == null ? true : alltrue([
      for type in var.gpu_pool.instance_types : contains(try(local.gpus[var.gpu_pool.gpu][type], []), var.gpu_pool.per_node)
    ])
    error_message = "No such combination of instance type, GPU and GPUs per node: an instance type has one kind and one number of GPUs, see catalogue.tf."
  }

  validation {
    condition     = var.gpu_pool == null ? true : var.gpu_pool.max_nodes >= 1 && var.gpu_pool.max_nodes <= local.most.nodes && floor(var.gpu_pool.max_nodes) == var.gpu_pool.max_nodes
    error_message = "The GPU pool grows to at least 1 and at most ${local.most.nodes} nodes."
  }

  validation {
    condition     = var.gpu_pool == null ? true : contains(["ON_DEMAND", "SPOT"], var.gpu_pool.capacity_type)
    error_message = "The capacity type is ON_DEMAND or SPOT."
  }

  validation {
    condition     = var.gpu_pool == null ? true : var.gpu_pool.disk_gb >= 50 && var.gpu_pool.disk_gb <= 16384
    error_message = "A GPU node's disk has 50 to 16384 GB: images with CUDA take more than the usual 20."
  }
}

variable "authorized_networks" {
  description = "Networks in CIDR notation that may reach the public endpoint. None means every network; a sign-in is needed in any case."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.authorized_networks : can(cidrnetmask(cidr)) ? cidrsubnet(cidr, 0, 0) == cidr : false])
    error_message = "A network looks like 203.0.113.0/24, with nothing set behind its mask."
  }

  # Two networks overlap where their beginnings are the same as far as the shorter of their masks reaches.
  validation {
    condition = !alltrue([for cidr in concat(var.authorized_networks, [var.vpc_cidr]) : can(cidrnetmask(cidr))]) ? true : alltrue(flatten([
      for a in var.authorized_networks : [
        for b in concat(local.reserved_networks, [var.vpc_cidr]) : split("/", a)[1] == "0" ? true : (
          cidrhost("${split("/", a)[0]}/${min(split("/", a)[1], split("/", b)[1])}", 0) !=
          cidrhost("${split("/", b)[0]}/${min(split("/", a)[1], split("/", b)[1])}", 0)
        )
      ]
    ]))
    error_message = "EKS refuses private and reserved networks here, and the cluster's own: name addresses as the internet sees them."
  }

  validation {
    condition     = length(var.authorized_networks) <= local.most.networks
    error_message = "At most ${local.most.networks} networks can be named."
  }
}

variable "vpc_cidr" {
  description = "Addresses of the cluster's own network. Pods take addresses of it too."
  type        = string
  default     = "10.0.0.0/16"
  nullable    = false

  validation {
    condition     = can(cidrnetmask(var.vpc_cidr)) && can(regex("/(16|17|18)$", var.vpc_cidr))
    error_message = "The network's range is a /16, /17 or /18: a VPC takes no larger one, and pods need the addresses of a smaller one."
  }
}

variable "tags" {
  description = "More tags for everything that is made."
  type        = map(string)
  default     = {}
  nullable    = false
}
