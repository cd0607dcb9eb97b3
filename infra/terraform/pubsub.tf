locals {
  # Pub/Sub's own account in the project, which forwards dead letters and gets the tokens for pushes.
  pubsub_agent = "serviceAccount:service-${data.google_project.this.number}@gcp-sa-pubsub.iam.gserviceaccount.com"

  messages           = toset(compact([for topic in values(local.topics) : try(topic.message, null)]))
  dead_letter_topics = toset([for subscription in values(local.subscriptions) : subscription.dead_letter.topic])
  one_week           = "604800s"
  one_month          = "2678400s"
}

# Each is a self-contained message, generated from proto/ (infra/topic_schema.py). A topic rejects all other messages.
resource "google_pubsub_schema" "message" {
  for_each = local.messages

  project    = var.project
  name       = each.key
  type       = "PROTOCOL_BUFFER"
  definition = file("${path.module}/../schemas/${each.key}.proto")

  # If a schema gets another name, its topic moves before the old one is deleted. Publishing to a topic fails while its
  # schema is deleted: https://cloud.google.com/pubsub/docs/delete-schema-revision
  lifecycle {
    create_before_destroy = true
  }

  depends_on = [google_project_service.service]
}

resource "google_pubsub_topic" "topic" {
  # checkov:skip=CKV_GCP_83:Google-managed keys encrypt the events; a key of one's own is one more thing to lose
  for_each = local.topics

  project = var.project
  name    = each.key
  labels  = local.labels
  # So that messages can be delivered to a new subscription, or again after an error: docs/events.md.
  message_retention_duration = try("${each.value.retention_days * 24 * 60 * 60}s", null)

  dynamic "schema_settings" {
    for_each = compact([try(each.value.message, null)])

    content {
      schema   = google_pubsub_schema.message[schema_settings.value].id
      encoding = "BINARY"
    }
  }

  depends_on = [google_project_service.service]
}

resource "google_pubsub_subscription" "push" {
  for_each = local.subscriptions

  project                    = var.project
  name                       = each.key
  topic                      = google_pubsub_topic.topic[each.value.topic].id
  labels                     = local.labels
  filter                     = try(each.value.filter, "")
  enable_message_ordering    = try(each.value.ordered, false)
  ack_deadline_seconds       = each.value.ack_deadline_seconds
  message_retention_duration = local.one_week

  push_config {
    push_endpoint = google_cloudfunctions2_function.function[each.value.function].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.caller[each.value.function].email
      audience              = google_cloudfunctions2_function.function[each.value.function].service_config[0].uri
    }
  }

  retry_policy {
    minimum_backoff = "${each.value.retry.minimum_backoff_seconds}s"
    maximum_backoff = "${each.value.retry.maximum_backoff_seconds}s"
  }

  dead_letter_policy {
    dead_letter_topic     = google_pubsub_topic.topic[each.value.dead_letter.topic].id
    max_delivery_attempts = each.value.dead_letter.max_delivery_attempts
  }

  # It never expires, however long it is inactive.
  expiration_policy {
    ttl = ""
  }
}

# Keeps messages that could not be processed for an operator; an alert reports them (alerts.tf).
resource "google_pubsub_subscription" "dead_letters" {
  for_each = local.dead_letter_topics

  project                    = var.project
  name                       = each.key
  topic                      = google_pubsub_topic.topic[each.key].id
  labels                     = local.labels
  enable_message_ordering    = true
  ack_deadline_seconds       = 60
  message_retention_duration = local.one_month

  expiration_policy {
    ttl = ""
  }
}

# https://cloud.google.com/pubsub/docs/dead-letter-topics#grant_forwarding_permissions
resource "google_pubsub_topic_iam_member" "dead_letters_published" {
  for_each = local.dead_letter_topics

  project = var.project
  topic   = google_pubsub_topic.topic[each.key].name
  role    = "roles/pubsub.publisher"
  member  = local.pubsub_agent
}

resource "google_pubsub_subscription_iam_member" "dead_letters_taken" {
  for_each = local.subscriptions

  project      = var.project
  subscription = google_pubsub_subscription.push[each.key].name
  role         = "roles/pubsub.subscriber"
  member       = local.pubsub_agent

  # A subscription with another filter or order is a new one of the same name, without the roles of the old one:
  # https://github.com/terraform-google-modules/terraform-google-pubsub/issues/173
  lifecycle {
    replace_triggered_by = [google_pubsub_subscription.push[each.key].id]
  }
}

# Pub/Sub creates the tokens with which it pushes: https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
resource "google_service_account_iam_member" "push_tokens" {
  for_each = toset([for subscription in values(local.subscriptions) : subscription.function])

  service_account_id = google_service_account.caller[each.key].name
  role               = "roles/iam.serviceAccountOpenIdTokenCreator"
  member             = local.pubsub_agent

  depends_on = [google_pubsub_topic.topic] # the agent is created with the first topic
}
