# The whole configuration against a provider that makes nothing: what is planned where, and that data reaches it.

mock_provider "aws" {
  mock_data "aws_availability_zones" {
    defaults = { names = ["us-west-2a", "us-west-2b", "us-west-2c", "us-west-2d"] }
  }

  mock_data "aws_ec2_instance_type_offerings" {
    defaults = { locations = ["us-west-2a", "us-west-2c"] }
  }

  mock_data "aws_caller_identity" {
    defaults = { arn = "arn:aws:sts::123456789012:assumed-role/team/person" }
  }

  mock_data "aws_iam_session_context" {
    defaults = { issuer_arn = "arn:aws:iam::123456789012:role/team" }
  }

  mock_data "aws_partition" {
    defaults = { partition = "aws" }
  }

  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/made" }
  }

  mock_resource "aws_eks_cluster" {
    defaults = { identity = [{ oidc = [{ issuer = "https://oidc.eks.us-west-2.amazonaws.com/id/A" }] }] }
  }
}

run "everything" {
  command = apply

  assert {
    condition     = [for zone in keys(aws_subnet.private) : zone] == ["us-west-2a", "us-west-2b", "us-west-2c"]
    error_message = "Networks are in the zones with the machine types, filled up to three."
  }

  assert {
    condition     = length(setintersection(aws_eks_node_group.gpu[0].subnet_ids, [aws_subnet.private["us-west-2b"].id])) == 0
    error_message = "GPU nodes are only in zones that offer them."
  }

  assert {
    condition     = length(aws_eks_node_group.cpu.subnet_ids) == 1
    error_message = "CPU nodes are in one zone, as their disks are."
  }

  assert {
    condition     = aws_eks_node_group.gpu[0].scaling_config[0].min_size == 0 && aws_eks_node_group.gpu[0].scaling_config[0].desired_size == 0
    error_message = "The GPU pool starts empty."
  }

  assert {
    condition     = one(aws_eks_node_group.gpu[0].taint).key == "nvidia.com/gpu"
    error_message = "GPU nodes are kept for pods that ask for a GPU."
  }

  assert {
    condition     = aws_eks_access_entry.creator.principal_arn == "arn:aws:iam::123456789012:role/team"
    error_message = "The role behind the session may use the cluster."
  }

  assert {
    condition     = output.oidc_issuer == "https://oidc.eks.us-west-2.amazonaws.com/id/A"
    error_message = "The issuer is an output."
  }
}

run "without_gpus" {
  command = plan

  variables {
    gpu_pool = null
  }

  assert {
    condition     = length(aws_eks_node_group.gpu) == 0
    error_message = "Without gpu_pool there is no such group."
  }
}

run "nowhere_offered" {
  command = plan

  override_data {
    target = data.aws_ec2_instance_type_offerings.gpu
    values = { locations = [] }
  }

  expect_failures = [aws_eks_cluster.this]
}
