terraform {
  # 1.10 is the first that locks a state in S3 by itself, without a table in DynamoDB.
  required_version = ">= 1.10"

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.90, < 7.0"
    }
  }
}

# Who signs in is not written here: set AWS_PROFILE, or whatever else the AWS tools read.
provider "aws" {
  region = var.region

  # Whatever a crash leaves behind is found again by these tags.
  default_tags {
    tags = merge(var.tags, {
      managed-by        = "trainyard"
      trainyard-cluster = var.name
    })
  }
}
