output "cluster_name" {
  value = aws_eks_cluster.this.name
}

output "region" {
  value = var.region
}

output "oidc_issuer" {
  description = "Issuer of the tokens that pods get: Kubeflow's sign-in for machines trusts it."
  value       = aws_eks_cluster.this.identity[0].oidc[0].issuer
}

output "kubeconfig_command" {
  description = "Writes a context for the cluster. Run it with the same AWS_PROFILE."
  value       = "aws eks update-kubeconfig --name ${aws_eks_cluster.this.name} --region ${var.region}"
}
