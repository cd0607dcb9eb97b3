# ../topology.yaml declares what is deployed. These files declare how: each resource iterates over a section of it.

locals {
  topology = yamldecode(file("${path.module}/../topology.yaml"))

  functions     = local.topology.functions
  topics        = local.topology.topics
  subscriptions = local.topology.subscriptions
  schedules     = local.topology.schedules

  # Google's names cannot contain underscores.
  names = { for name in keys(local.functions) : name => "muster-${replace(name, "_", "-")}" }

  http_functions = { for name, function in local.functions : name => function if function.trigger == "http" }
  # Cloud Scheduler and Pub/Sub call these, each with an account that can only call this function.
  called_functions = { for name, function in local.functions : name => function if function.trigger != "http" }

  labels = { app = "muster" }

  services = toset(concat(
    [
      "artifactregistry", "cloudbuild", "cloudfunctions", "cloudscheduler", "compute", "firestore", "iam",
      "logging", "monitoring", "pubsub", "run", "storage",
    ],
    var.keep_events ? ["bigquery"] : [],
  ))
}

data "google_project" "this" {
  project_id = var.project
}

resource "google_project_service" "service" {
  for_each = local.services

  project = var.project
  service = "${each.key}.googleapis.com"
  # Other products in the project may use it.
  disable_on_destroy = false
}
