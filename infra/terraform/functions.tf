locals {
  # The variables that the code reads (tests/deploy/test_environment.py). The topology adds some for single functions.
  environment = {
    GOOGLE_CLOUD_PROJECT = var.project
    FIRESTORE_DATABASE   = google_firestore_database.inventory.name
    ERRORS_BASE_URL      = var.errors_base_url
    # The archive's root in the buildpack: functions-framework adds only the folder of main.py to the path.
    PYTHONPATH = "/workspace"
    # Google sets this to true: functions-framework would then replace the product's log with its own.
    LOG_EXECUTION_ID = "false"
  }

  publications = {
    for publication in flatten([
      for name, function in local.functions : [
        for topic in try(function.publishes, []) : { function = name, topic = topic }
      ]
    ]) : "${publication.function} ${publication.topic}" => publication
  }
}

resource "google_cloudfunctions2_function" "function" {
  for_each = local.functions

  project  = var.project
  location = var.region
  name     = local.names[each.key]
  labels   = local.labels

  build_config {
    runtime           = var.runtime
    entry_point       = each.value.entry_point
    service_account   = google_service_account.build.id
    docker_repository = google_artifact_registry_repository.images.id

    environment_variables = {
      GOOGLE_FUNCTION_SOURCE = "${each.value.folder}/main.py"
    }

    source {
      storage_source {
        bucket = google_storage_bucket.sources.name
        object = google_storage_bucket_object.archive.name
      }
    }
  }

  service_config {
    service_account_email            = google_service_account.function[each.key].email
    available_cpu                    = tostring(each.value.cpu)
    available_memory                 = each.value.memory
    max_instance_request_concurrency = each.value.concurrency
    min_instance_count               = each.value.minimum_instances
    max_instance_count               = each.value.maximum_instances
    timeout_seconds                  = each.value.timeout_seconds
    environment_variables            = merge(try(each.value.environment, {}), local.environment)
    all_traffic_on_latest_revision   = true
    # Clients can connect only through the load balancer. This project's Pub/Sub and Cloud Scheduler are internal:
    # https://cloud.google.com/run/docs/securing/ingress#internal
    ingress_settings = each.value.trigger == "http" ? "ALLOW_INTERNAL_AND_GCLB" : "ALLOW_INTERNAL_ONLY"
  }

  # What it needs to be built, and to serve its first request: queries fail without their indexes.
  depends_on = [
    google_firestore_index.composite,
    google_firestore_field.override,
    google_project_iam_member.build_logs,
    google_project_iam_member.build_sources,
    google_artifact_registry_repository_iam_member.build_images,
    google_project_iam_member.store,
    google_pubsub_topic_iam_member.publications,
  ]
}

resource "google_service_account" "function" {
  for_each = local.functions

  project      = var.project
  account_id   = local.names[each.key]
  display_name = "Muster: the function ${each.key}"

  depends_on = [google_project_service.service]
}

# Full access to documents, but only of this database: https://cloud.google.com/firestore/docs/manage-databases#database_access_permissions
resource "google_project_iam_member" "store" {
  for_each = local.functions

  project = var.project
  role    = "roles/datastore.user"
  member  = google_service_account.function[each.key].member

  condition {
    title      = "this-database"
    expression = "resource.name == \"projects/${var.project}/databases/${google_firestore_database.inventory.name}\""
  }

  # With another database, the functions get access before they use it, and lose the old one's afterwards.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_pubsub_topic_iam_member" "publications" {
  for_each = local.publications

  project = var.project
  topic   = google_pubsub_topic.topic[each.value.topic].name
  role    = "roles/pubsub.publisher"
  member  = google_service_account.function[each.value.function].member
}

# The account as which a schedule or a push subscription calls a function.
resource "google_service_account" "caller" {
  for_each = local.called_functions

  project      = var.project
  account_id   = "call-${replace(each.key, "_", "-")}"
  display_name = "Muster: calls the function ${each.key}"

  depends_on = [google_project_service.service]
}

# The only account that can call the function: a binding removes the role from all others.
resource "google_cloud_run_service_iam_binding" "callers" {
  for_each = local.called_functions

  project  = var.project
  location = var.region
  service  = google_cloudfunctions2_function.function[each.key].name
  role     = "roles/run.invoker"
  members  = [google_service_account.caller[each.key].member]
}

# The only resource with access for everybody. A load balancer calls a serverless backend without credentials, so the
# HTTP functions must accept every caller. From the Internet, their ingress setting accepts calls only through the load
# balancer, and they check an API key in every call:
# https://cloud.google.com/load-balancing/docs/https/setting-up-https-serverless
resource "google_cloud_run_service_iam_binding" "clients" {
  # checkov:skip=CKV_GCP_102:reachable only through the load balancer (ingress), and every call needs an API key
  for_each = local.http_functions

  project  = var.project
  location = var.region
  service  = google_cloudfunctions2_function.function[each.key].name
  role     = "roles/run.invoker"
  members  = ["allUsers"]
}
