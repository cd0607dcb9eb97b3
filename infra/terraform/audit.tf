# Logs access to the data that bypasses the functions, by people and other programs. The functions are exempt, because
# each of their reads and writes would be a log entry, and their request logs show what they did.
resource "google_project_iam_audit_config" "firestore" {
  project = var.project
  service = "datastore.googleapis.com" # includes Firestore: https://cloud.google.com/firestore/docs/audit-logging

  dynamic "audit_log_config" {
    for_each = ["ADMIN_READ", "DATA_READ", "DATA_WRITE"]

    content {
      log_type = audit_log_config.value
      exempted_members = [
        for account in google_service_account.function : account.member if audit_log_config.value != "ADMIN_READ"
      ]
    }
  }
}

# Optional: BigQuery keeps every event as published. The payload stays protobuf. The attributes are a JSON column: they
# contain the type, the resource, the organization and the time.
locals {
  kept_topics = { for name, topic in local.topics : name => topic if var.keep_events && try(topic.message, null) != null }
  kept        = var.keep_events ? { audit = true } : {}
}

resource "google_bigquery_dataset" "events" {
  # checkov:skip=CKV_GCP_81:Google-managed keys encrypt the events; a key of one's own is one more thing to lose
  for_each = local.kept

  project                    = var.project
  dataset_id                 = "muster_events"
  location                   = var.region
  description                = "Every event of the inventory, for audit."
  labels                     = local.labels
  delete_contents_on_destroy = false

  depends_on = [google_project_service.service]
}

resource "google_bigquery_table" "events" {
  # checkov:skip=CKV_GCP_80:Google-managed keys encrypt the events; a key of one's own is one more thing to lose
  for_each = local.kept_topics

  project             = var.project
  dataset_id          = google_bigquery_dataset.events["audit"].dataset_id
  table_id            = replace(each.key, "-", "_")
  description         = "Events of ${each.key}: data is a ${each.value.message}."
  labels              = local.labels
  deletion_protection = var.protect_data

  time_partitioning {
    type  = "DAY"
    field = "publish_time"
  }

  # https://cloud.google.com/pubsub/docs/bigquery#write_metadata
  schema = jsonencode([
    { name = "data", type = "BYTES", mode = "NULLABLE", description = "The message, binary." },
    { name = "attributes", type = "JSON", mode = "NULLABLE", description = "Its CloudEvents attributes." },
    { name = "subscription_name", type = "STRING", mode = "NULLABLE" },
    { name = "message_id", type = "STRING", mode = "NULLABLE" },
    { name = "publish_time", type = "TIMESTAMP", mode = "NULLABLE" },
    { name = "ordering_key", type = "STRING", mode = "NULLABLE" },
  ])
}

resource "google_bigquery_dataset_iam_member" "events_written" {
  for_each = local.kept

  project    = var.project
  dataset_id = google_bigquery_dataset.events[each.key].dataset_id
  role       = "roles/bigquery.dataEditor"
  member     = local.pubsub_agent

  depends_on = [google_pubsub_topic.topic] # the agent is created with the first topic
}

resource "google_pubsub_topic" "kept_dead" {
  # checkov:skip=CKV_GCP_83:Google-managed keys encrypt the events; a key of one's own is one more thing to lose
  for_each = local.kept

  project = var.project
  name    = "events-not-kept"
  labels  = local.labels

  depends_on = [google_project_service.service]
}

resource "google_pubsub_subscription" "kept_dead" {
  for_each = local.kept

  project                    = var.project
  name                       = google_pubsub_topic.kept_dead[each.key].name
  topic                      = google_pubsub_topic.kept_dead[each.key].id
  labels                     = local.labels
  message_retention_duration = local.one_month

  expiration_policy {
    ttl = ""
  }
}

resource "google_pubsub_topic_iam_member" "kept_dead" {
  for_each = local.kept

  project = var.project
  topic   = google_pubsub_topic.kept_dead[each.key].name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_pubsub_subscription" "kept" {
  for_each = local.kept_topics

  project                    = var.project
  name                       = "kept-${each.key}"
  topic                      = google_pubsub_topic.topic[each.key].id
  labels                     = local.labels
  message_retention_duration = local.one_week

  bigquery_config {
    table = join(".", [
      var.project, google_bigquery_table.events[each.key].dataset_id, google_bigquery_table.events[each.key].table_id,
    ])
    write_metadata = true
  }

  retry_policy {
    minimum_backoff = "1s"
    maximum_backoff = "60s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.kept_dead["audit"].id
    max_delivery_attempts = 10
  }

  expiration_policy {
    ttl = ""
  }

  depends_on = [google_bigquery_dataset_iam_member.events_written]
}

resource "google_pubsub_subscription_iam_member" "kept" {
  for_each = local.kept_topics

  project      = var.project
  subscription = google_pubsub_subscription.kept[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent

  # As for dead_letters_taken in pubsub.tf.
  lifecycle {
    replace_triggered_by = [google_pubsub_subscription.kept[each.key].id]
  }
}
