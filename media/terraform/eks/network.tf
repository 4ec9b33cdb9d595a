data "aws_availability_zones" "this" {
  state = "available"

  # Local zones have to be opted into, and EKS cannot put its control plane there.
  filter {
    name   = "opt-in-status"
    values = ["opt-in-not-required"]
  }

  # The zones that EKS has no control plane in: one each of us-east-1, us-west-1 and ca-central-1.
  exclude_zone_ids = ["use1-az3", "usw1-az2", "cac1-az3"]
}

# Not every zone has every machine type, and a node group in a zone without its type never gets a node.
data "aws_ec2_instance_type_offerings" "cpu" {
  location_type = "availability-zone"

  filter {
    name   = "instance-type"
    values = [var.cpu_pool.instance_type]
  }
}

data "aws_ec2_instance_type_offerings" "gpu" {
  count = var.gpu_pool == null ? 0 : 1

  location_type = "availability-zone"

  filter {
    name   = "instance-type"
    values = var.gpu_pool.instance_types
  }
}

locals {
  usable = sort(data.aws_availability_zones.this.names)
  cpu    = [for zone in local.usable : zone if contains(data.aws_ec2_instance_type_offerings.cpu.locations, zone)]
  gpu = var.gpu_pool == null ? local.cpu : [
    for zone in local.usable : zone if contains(data.aws_ec2_instance_type_offerings.gpu[0].locations, zone)
  ]

  # First the zones that have both kinds of node, then one with CPU nodes whatever comes, then those with GPUs, then the
  # rest, because the control plane wants two zones in any case. Three at most: each is one more place to find a GPU.
  both   = [for zone in local.gpu : zone if contains(local.cpu, zone)]
  wanted = distinct(concat(local.both, slice(local.cpu, 0, min(1, length(local.cpu))), local.gpu, local.cpu, local.usable))
  zones  = slice(local.wanted, 0, min(3, length(local.wanted)))

  # One zone for CPU nodes, because a disk lives in one: in several zones a pod may find its disk where no node has room.
  cpu_fit   = [for zone in local.zones : zone if contains(local.cpu, zone)]
  cpu_zones = slice(local.cpu_fit, 0, min(1, length(local.cpu_fit)))
  gpu_zones = [for zone in local.zones : zone if contains(local.gpu, zone)]
}

resource "aws_vpc" "this" {
  cidr_block = var.vpc_cidr

  # The private endpoint of the control plane is found by name.
  enable_dns_hostnames = true
  enable_dns_support   = true

  tags = { Name = var.name }
}

resource "aws_internet_gateway" "this" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = var.name }
}

resource "aws_subnet" "public" {
  for_each = { for index, zone in local.zones : zone => index }

  vpc_id                  = aws_vpc.this.id
  availability_zone       = each.key
  cidr_block              = cidrsubnet(aws_vpc.this.cidr_block, 8, each.value)
  map_public_ip_on_launch = true

  # Load balancers that Kubernetes makes look for this tag.
  tags = {
    Name                     = "${var.name}-public-${each.key}"
    "kubernetes.io/role/elb" = "1"
  }
}

# Pods take addresses of these networks too, so each is a sixteenth of the whole.
resource "aws_subnet" "private" {
  for_each = { for index, zone in local.zones : zone => index }

  vpc_id            = aws_vpc.this.id
  availability_zone = each.key
  cidr_block        = cidrsubnet(aws_vpc.this.cidr_block, 4, each.value + 8)

  tags = {
    Name                              = "${var.name}-private-${each.key}"
    "kubernetes.io/role/internal-elb" = "1"
  }
}

# Nodes have no public address. One gateway for all zones: a second would double its price, and matters only where work
# has to go on while a whole zone is down.
resource "aws_eip" "nat" {
  domain = "vpc"
  tags   = { Name = var.name }
}

resource "aws_nat_gateway" "this" {
  allocation_id = aws_eip.nat.id
  subnet_id     = aws_subnet.public[local.zones[0]].id
  tags          = { Name = var.name }
  depends_on    = [aws_internet_gateway.this]
}

resource "aws_route_table" "public" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-public" }

  route {
    cidr_block = "0.0.0.0/0"
    gateway_id = aws_internet_gateway.this.id
  }
}

resource "aws_route_table" "private" {
  vpc_id = aws_vpc.this.id
  tags   = { Name = "${var.name}-private" }

  route {
    cidr_block     = "0.0.0.0/0"
    nat_gateway_id = aws_nat_gateway.this.id
  }
}

resource "aws_route_table_association" "public" {
  for_each = aws_subnet.public

  subnet_id      = each.value.id
  route_table_id = aws_route_table.public.id
}

resource "aws_route_table_association" "private" {
  for_each = aws_subnet.private

  subnet_id      = each.value.id
  route_table_id = aws_route_table.private.id
}

# Costs nothing, and layers of images in ECR, which lie in S3, do not pass the NAT gateway, which bills each gigabyte.
resource "aws_vpc_endpoint" "s3" {
  vpc_id            = aws_vpc.this.id
  service_name      = "com.amazonaws.${var.region}.s3"
  vpc_endpoint_type = "Gateway"
  route_table_ids   = [aws_route_table.private.id]
  tags              = { Name = "${var.name}-s3" }
}
