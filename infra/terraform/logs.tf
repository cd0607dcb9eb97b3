# Each function writes one entry for each request. Cloud Run's own entry for the same request says less, and would be
# paid for once more; it stays for what a function did not see (a caller without permission, no free instance) or
# failed at. The balancer's is sampled (load_balancer.tf).
resource "google_logging_project_exclusion" "requests" {
  project     = var.project
  name        = "muster-requests"
  description = "Cloud Run's entry for a request that a function of Muster has an entry for"
  filter = join(" AND ", [
    "log_id(\"run.googleapis.com/requests\")",
    "resource.type=\"cloud_run_revision\"",
    "resource.labels.service_name=(${join(" OR ", [for name in values(local.names) : "\"${name}\""])})",
    "httpRequest.status<500",
    "NOT httpRequest.status=(401 OR 403 OR 429)",
  ])

  depends_on = [google_project_service.service]
}
