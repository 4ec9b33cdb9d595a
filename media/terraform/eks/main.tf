# --- Cluster

# EKS would make this group by itself and leave it behind for good; here it goes with the cluster.
resource "aws_cloudwatch_log_group" "this" {
  name              = "/aws/eks/${var.name}/cluster"
  retention_in_days = 30
}

resource "aws_eks_cluster" "this" {
  name                      = var.name
  role_arn                  = aws_iam_role.cluster.arn
  version                   = var.kubernetes_version
  enabled_cluster_log_types = ["api", "audit", "authenticator"]

  # The add-ons below take the place of the copies that EKS would put there and nobody would update.
  bootstrap_self_managed_addons = false

  # Who may do what is said by access entries, in the open, and not by who happened to make the cluster.
  access_config {
    authentication_mode                         = "API"
    bootstrap_cluster_creator_admin_permissions = false
  }

  # Nodes reach the control plane inside the network, whatever the public endpoint lets in.
  vpc_config {
    subnet_ids              = [for subnet in aws_subnet.private : subnet.id]
    endpoint_private_access = true
    endpoint_public_access  = true
    public_access_cidrs     = length(var.authorized_networks) == 0 ? ["0.0.0.0/0"] : var.authorized_networks
  }

  # At the end of standard support the cluster is upgraded, and does not slide into extended support at six times the
  # price.
  upgrade_policy {
    support_type = "STANDARD"
  }

  lifecycle {
    precondition {
      condition     = length(local.cpu_zones) > 0
      error_message = "No zone of ${var.region} that EKS can use offers ${var.cpu_pool.instance_type}."
    }

    precondition {
      condition     = length(local.gpu_zones) > 0
      error_message = "No zone of ${var.region} that EKS can use offers ${try(join(" or ", var.gpu_pool.instance_types), "")}."
    }
  }

  depends_on = [aws_iam_role_policy_attachment.cluster, aws_cloudwatch_log_group.this]
}

# --- Access

resource "aws_eks_access_entry" "creator" {
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = data.aws_iam_session_context.this.issuer_arn
}

resource "aws_eks_access_policy_association" "creator" {
  cluster_name  = aws_eks_cluster.this.name
  principal_arn = aws_eks_access_entry.creator.principal_arn
  policy_arn    = "arn:${data.aws_partition.this.partition}:eks::aws:cluster-access-policy/AmazonEKSClusterAdminPolicy"

  access_scope {
    type = "cluster"
  }
}

# --- Add-ons and nodes, in the order in which they need each other

# Nodes become ready only with a network, and the disk driver gets its rights from the identity agent.
resource "aws_eks_addon" "before_nodes" {
  for_each = toset(["vpc-cni", "kube-proxy", "eks-pod-identity-agent"])

  cluster_name                = aws_eks_cluster.this.name
  addon_name                  = each.value
  resolve_conflicts_on_create = "OVERWRITE"
  resolve_conflicts_on_update = "OVERWRITE"
}

# No launch template in either group: nodes then get EKS's own security group and nothing else, which lets everything
# through among nodes and control plane, so every admission webhook of Kubeflow is reachable.
resource "aws_eks_node_group" "cpu" {
  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "cpu"
  node_role_arn   = aws_iam_role.node.arn
  subnet_ids      = [for zone in local.cpu_zones : aws_subnet.private[zone].id]
  ami_type        = "AL2023_x86_64_STANDARD"
  instance_types  = [var.cpu_pool.instance_type]
  disk_size       = var.cpu_pool.disk_gb

  scaling_config {
    min_size     = var.cpu_pool.nodes
    desired_size = var.cpu_pool.nodes
    max_size     = var.cpu_pool.max_nodes
  }

  update_config {
    max_unavailable = 1
  }

  lifecycle {
    # Whatever scales the group by hand or by itself is not undone here.
    ignore_changes = [scaling_config[0].desired_size]
  }

  depends_on = [aws_iam_role_policy_attachment.node, aws_eks_addon.before_nodes]
}

# Made without nodes, so that it is there at once whatever the stock and the quota. EKS scales nothing by itself: nodes
# come by `aws eks update-nodegroup-config`, or by an autoscaler that somebody installs.
resource "aws_eks_node_group" "gpu" {
  count = var.gpu_pool == null ? 0 : 1

  cluster_name    = aws_eks_cluster.this.name
  node_group_name = "gpu"
  node_role_arn   = aws_iam_role.node.arn
  subnet_ids      = [for zone in local.gpu_zones : aws_subnet.private[zone].id]

  # Brings NVIDIA's driver. The device plugin, which offers the GPUs to pods, is a DaemonSet of its own.
  ami_type       = "AL2023_x86_64_NVIDIA"
  capacity_type  = var.gpu_pool.capacity_type
  instance_types = var.gpu_pool.instance_types
  disk_size      = var.gpu_pool.disk_gb

  scaling_config {
    min_size     = 0
    desired_size = 0
    max_size     = var.gpu_pool.max_nodes
  }

  update_config {
    max_unavailable = 1
  }

  # The Cluster Autoscaler knows by this label that nodes of the group will have GPUs.
  labels = { "k8s.amazonaws.com/accelerator" = var.gpu_pool.gpu }

  dynamic "taint" {
    for_each = var.gpu_pool.taint ? [1] : []

    content {
      key    = "nvidia.com/gpu"
      value  = "present"
      effect = "NO_SCHEDULE"
    }
  }

  lifecycle {
    ignore_changes = [scaling_config[0].desired_size]
  }

  depends_on = [aws_iam_role_policy_attachment.node, aws_eks_addon.before_nodes]
}

# Both become active only when their pods run somewhere.
resource "aws_eks_addon" "coredns" {
  cluster_name = aws_eks_cluster.this.name
  addon_name   = "coredns"
  depends_on   = [aws_eks_node_group.cpu]
}

# EKS comes without a default StorageClass, and the volumes of Kubeflow would wait for one for ever.
resource "aws_eks_addon" "ebs_csi" {
  cluster_name         = aws_eks_cluster.this.name
  addon_name           = "aws-ebs-csi-driver"
  configuration_values = jsonencode({ defaultStorageClass = { enabled = true } })

  pod_identity_association {
    role_arn        = aws_iam_role.ebs_csi.arn
    service_account = "ebs-csi-controller-sa"
  }

  depends_on = [aws_eks_node_group.cpu, aws_iam_role_policy_attachment.ebs_csi]
}
