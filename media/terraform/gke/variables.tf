# Every rule of the form stands here again, so that a terraform.tfvars.json that was edited by hand fails at the plan,
# with the same words, and not after ten minutes in the cloud.

variable "name" {
  description = "Name of the cluster, and of what is made for it."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex(local.patterns.name, var.name))
    error_message = "A name on GKE has 2 to 40 small letters, digits and -, begins with a letter and does not end with -."
  }
}

variable "project" {
  description = "Id of the project, not its name and not its number."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex(local.patterns.project, var.project))
    error_message = "A project id has 6 to 30 small letters, digits and -, begins with a letter and does not end with -."
  }
}

variable "region" {
  description = "Region as Google Cloud names it, such as us-central1."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex(local.patterns.region, var.region))
    error_message = "A region looks like us-central1."
  }

  validation {
    condition     = var.region_confirmed || contains(local.regions, var.region)
    error_message = "${var.region} is not a region of Google Cloud that catalogue.tf knows. If it is one by now, set region_confirmed."
  }
}

variable "region_confirmed" {
  description = "Google Cloud itself lists the machine types and the GPU in the region; else the tables of catalogue.tf, which have a date, decide."
  type        = bool
  default     = false
  nullable    = false
}

variable "zones" {
  description = "Zones of the region that nodes may be in: those that have the GPU. CPU nodes are in the first."
  type        = list(string)
  nullable    = false

  validation {
    condition     = length(var.zones) >= 1 && length(var.zones) <= local.most.zones
    error_message = "One to ${local.most.zones} zones are needed."
  }

  validation {
    condition     = alltrue([for zone in var.zones : startswith(zone, var.region) && can(regex(local.patterns.zone_end, trimprefix(zone, var.region)))])
    error_message = "Every zone has to be one of ${var.region}."
  }

  validation {
    condition     = length(distinct(var.zones)) == length(var.zones)
    error_message = "A zone is named twice."
  }
}

variable "cpu_pool" {
  description = "Nodes that Kubeflow itself runs on. `nodes` is how many there are at least, `max_nodes` at most."
  nullable    = false

  type = object({
    machine   = string
    nodes     = number
    max_nodes = number
    disk_gb   = optional(number, 100)
  })

  validation {
    condition     = can(regex(local.patterns.cpu_machine, var.cpu_pool.machine))
    error_message = "A machine type looks like e2-standard-4."
  }

  validation {
    condition     = !can(regex(local.patterns.not_cpu_machine, var.cpu_pool.machine))
    error_message = "This machine type has GPUs of its own or Arm processors, and Kubeflow runs on neither."
  }

  validation {
    condition     = var.region_confirmed || !contains(try(local.absent[split("-", var.cpu_pool.machine)[0]], []), var.region)
    error_message = "${var.cpu_pool.machine} is not offered in ${var.region}, see catalogue.tf. If Google Cloud lists it there by now, set region_confirmed."
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
    error_message = "A pool has at most ${local.most.nodes} nodes."
  }

  validation {
    condition     = var.cpu_pool.disk_gb >= 50 && var.cpu_pool.disk_gb <= 65536
    error_message = "A node's disk has 50 to 65536 GB."
  }
}

variable "gpu_pool" {
  description = "Nodes with GPUs; null for none. The pool starts empty. `per_node` is GPUs of one node, `max_nodes` counts over all zones."
  default     = null

  type = object({
    accelerator = string
    machine     = string
    per_node    = number
    max_nodes   = number
    spot        = optional(bool, false)
    driver      = optional(string, "DEFAULT")
    disk_gb     = optional(number, 100)
  taint = optional(bool, true) })

  validation {
    condition     = var.gpu_pool == null ? true : contains(try(local.gpus[var.gpu_pool.accelerator][var.gpu_pool.machine], []), var.gpu_pool.per_node)
    error_message = "No such combination of machine type, GPU and GPUs per node, see catalogue.tf. A T4, for one, comes as 1, 2 or 4 on a machine of the n1 series, never as 3."
  }

  validation {
    condition = var.gpu_pool == null ? true : var.region_confirmed || contains(
      try(local.machine_regions[var.gpu_pool.machine], local.gpu_regions[var.gpu_pool.accelerator], []), var.region
    )
    error_message = "This GPU on this machine type is not offered in ${var.region}, see catalogue.tf. If Google Cloud lists it there by now, set region_confirmed."
  }

  validation {
    condition     = var.gpu_pool == null ? true : var.gpu_pool.spot || !contains(local.spot_only, var.gpu_pool.machine)
    error_message = "This machine type comes only as spot."
  }

  validation {
    condition     = var.gpu_pool == null ? true : var.gpu_pool.max_nodes >= 1 && var.gpu_pool.max_nodes <= local.most.nodes && floor(var.gpu_pool.max_nodes) == var.gpu_pool.max_nodes
    error_message = "The GPU pool grows to at least 1 and at most ${local.most.nodes} nodes."
  }

  validation {
    condition     = var.gpu_pool == null ? true : contains(["DEFAULT", "LATEST", "INSTALLATION_DISABLED"], var.gpu_pool.driver)
    error_message = "The driver is DEFAULT, LATEST or INSTALLATION_DISABLED."
  }

  validation {
    condition     = var.gpu_pool == null ? true : var.gpu_pool.disk_gb >= 50 && var.gpu_pool.disk_gb <= 65536
    error_message = "A GPU node's disk has 50 to 65536 GB: images with CUDA are large."
  }
}

variable "authorized_networks" {
  description = "Networks in CIDR notation that may reach the public address; the name is then closed to the internet. None means every network; a sign-in is needed in any case."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for cidr in var.authorized_networks : can(cidrnetmask(cidr)) ? cidrsubnet(cidr, 0, 0) == cidr : false])
    error_message = "A network looks like 203.0.113.0/24, with nothing set behind its mask."
  }

  # Two networks overlap where their beginnings are the same as far as the shorter of their masks reaches.
  validation {
    condition = !alltrue([for cidr in concat(var.authorized_networks, values(var.ranges)) : can(cidrnetmask(cidr))]) ? true : alltrue(flatten([
      for a in var.authorized_networks : [
        for b in values(var.ranges) : split("/", a)[1] == "0" ? true : (
          cidrhost("${split("/", a)[0]}/${min(split("/", a)[1], split("/", b)[1])}", 0) !=
          cidrhost("${split("/", b)[0]}/${min(split("/", a)[1], split("/", b)[1])}", 0)
        )
      ]
    ]))
    error_message = "A network overlaps the cluster's own."
  }

  validation {
    condition     = length(var.authorized_networks) <= local.most.networks
    error_message = "At most ${local.most.networks} networks can be named."
  }
}

variable "deletion_protection" {
  description = "Whether Terraform refuses to destroy the cluster until this is taken back by an apply."
  type        = bool
  default     = false
  nullable    = false
}

variable "release_channel" {
  description = "Which versions of Kubernetes the cluster follows."
  type        = string
  default     = "REGULAR"
  nullable    = false

  validation {
    condition     = contains(["RAPID", "REGULAR", "STABLE", "EXTENDED"], var.release_channel)
    error_message = "The release channel is RAPID, REGULAR, STABLE or EXTENDED."
  }
}

variable "ranges" {
  description = "Addresses of the cluster's own network, in CIDR notation."
  nullable    = false
  default     = {}

  type = object({
    nodes         = optional(string, "10.10.0.0/20")
    pods          = optional(string, "10.20.0.0/14")
    services      = optional(string, "10.24.0.0/20")
    control_plane = optional(string, "172.16.0.0/28")
  })

  validation {
    condition     = alltrue([for range in values(var.ranges) : can(cidrnetmask(range))])
    error_message = "A range looks like 10.10.0.0/20."
  }

  validation {
    condition     = endswith(var.ranges.control_plane, "/28")
    error_message = "The range of the control plane is a /28."
  }

  # Two ranges overlap where their beginnings are the same as far as the shorter of their masks reaches.
  validation {
    condition = !alltrue([for range in values(var.ranges) : can(cidrnetmask(range))]) ? true : alltrue(flatten([
      for one, a in var.ranges : [
        for other, b in var.ranges : one == other ? true : (
          cidrhost("${split("/", a)[0]}/${min(split("/", a)[1], split("/", b)[1])}", 0) !=
          cidrhost("${split("/", b)[0]}/${min(split("/", a)[1], split("/", b)[1])}", 0)
        )
      ]
    ]))
    error_message = "The ranges of nodes, pods, services and control plane overlap."
  }
}

variable "labels" {
  description = "More labels for everything that is made and can bear them."
  type        = map(string)
  default     = {}
  nullable    = false
}
