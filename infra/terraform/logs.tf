# Each function writes one entry for each request. Cloud Run's own entry for the same request contains less, and would
# cost extra. It is kept only for requests that did not reach a function (a caller without permission, no free
# instance) or that failed. The load balancer's entries are sampled (load_balancer.tf).
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
