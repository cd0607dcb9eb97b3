# Alerts.

locals {
  # If `ratio_to` is set, the threshold is for the quotient of the two metrics.
  alerts = {
    unreached = {
      name      = "The API does not answer from outside"
      advice    = "`curl -v https://${var.domain}/health/liveness` shows the cause: the domain's A record, the certificate, Cloud Armor or the function."
      filter    = local.unreached
      ratio_to  = null
      aligner   = "ALIGN_NEXT_OLDER"
      reducer   = "REDUCE_COUNT_FALSE"
      threshold = 1 # Google checks from several places, one of which may fail itself
      duration  = "300s"
    }
    error_rate = {
      name      = "More than 1 % of requests fail"
      advice    = "The functions' logs show each failure with its request id: severity ERROR, or status 5xx in the request log."
      filter    = local.errors
      ratio_to  = local.requests
      aligner   = "ALIGN_RATE"
      reducer   = "REDUCE_SUM"
      threshold = 0.01
      duration  = "300s"
    }
    called_errors = {
      name      = "A function that a schedule or a subscription calls has failed for 10 minutes"
      advice    = "Its log shows each failure: severity ERROR. Fix the cause. The next call continues the work."
      filter    = local.called_errors
      by        = ["resource.label.service_name"]
      ratio_to  = null
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_SUM"
      threshold = 0
      duration  = "600s"
    }
    latency = {
      name      = "One request in a hundred takes more than 2 s"
      advice    = "Possible causes are cold starts, contention (see aborted calls) and a slow Firestore. Compare the dashboard's other charts."
      filter    = local.latency
      ratio_to  = null
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_PERCENTILE_99"
      threshold = 2000
      duration  = "600s"
    }
    relay_age = {
      name      = "An event has waited for more than 5 minutes"
      advice    = "Pub/Sub does not accept it. The relay's log shows why. Nothing is lost: the relay publishes it when the cause is fixed."
      filter    = local.age
      ratio_to  = null
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_PERCENTILE_99"
      threshold = 300
      duration  = "0s"
    }
    relay_backlog = {
      name      = "More than 10,000 events wait in the outbox"
      advice    = "Publishing fails, or functions are killed before they publish. The log shows events that were not published."
      filter    = local.backlog
      ratio_to  = null
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_PERCENTILE_99"
      threshold = 10000
      duration  = "0s"
    }
    dead_letters = {
      name      = "An event could not be processed"
      advice    = "It waits in the dead-letter subscription. Look at it, fix the cause, then deliver it again or acknowledge it."
      filter    = local.dead_letters
      ratio_to  = null
      aligner   = "ALIGN_MAX"
      reducer   = "REDUCE_SUM"
      threshold = 0
      duration  = "0s"
    }
    delivery = {
      name      = "A subscription of ours is more than 10 minutes behind"
      advice    = "Its function fails or is too slow: see that function's log. If its name begins with kept-, see its state: BigQuery does not accept the events."
      filter    = local.delivery
      ratio_to  = null
      aligner   = "ALIGN_MAX"
      reducer   = "REDUCE_MAX"
      threshold = 600
      duration  = "300s"
    }
    aborts = {
      name      = "More than 5 % of Firestore's calls are aborted"
      advice    = "Many requests change the same documents at once. Each is retried until its deadline, and then gets a 503."
      filter    = local.aborted
      ratio_to  = local.calls
      aligner   = "ALIGN_RATE"
      reducer   = "REDUCE_SUM"
      threshold = 0.05
      duration  = "600s"
    }
  }
}

# A warning in the plan, before Terraform asks whether to apply it.
check "alerts_reach_somebody" {
  assert {
    condition     = length(var.alert_emails) > 0
    error_message = "Nobody is told when something is wrong: alert_emails is empty. Set TF_VAR_alert_emails='[\"oncall@example.com\"]', or alert_emails in infra/terraform/terraform.tfvars."
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  project      = var.project
  display_name = each.key
  type         = "email"
  labels       = { email_address = each.key }

  # An address is removed from the alerts first. Google does not delete a channel that an alert refers to:
  # https://github.com/hashicorp/terraform-provider-google/issues/3008
  lifecycle {
    create_before_destroy = true
  }

  depends_on = [google_project_service.service]
}

# Requests that do not reach the load balancer leave no trace in its metrics: a wrong DNS record, a bad certificate.
resource "google_monitoring_uptime_check_config" "api" {
  project      = var.project
  display_name = "Muster"
  period       = "300s"
  timeout      = "10s"
  user_labels  = local.labels

  http_check {
    path         = "/health/liveness"
    port         = 443
    use_ssl      = true
    validate_ssl = true
  }

  monitored_resource {
    type   = "uptime_url"
    labels = { project_id = var.project, host = var.domain }
  }

  # Another domain needs a new check, and Google does not delete a check that an alert refers to.
  lifecycle {
    create_before_destroy = true
  }

  depends_on = [google_project_service.service]
}

resource "google_monitoring_alert_policy" "threshold" {
  for_each = local.alerts

  project               = var.project
  display_name          = "Muster: ${each.value.name}"
  combiner              = "OR"
  severity              = "ERROR"
  user_labels           = local.labels
  notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]

  conditions {
    display_name = each.value.name

    condition_threshold {
      filter             = each.value.filter
      denominator_filter = each.value.ratio_to
      comparison         = "COMPARISON_GT"
      threshold_value    = each.value.threshold
      duration           = each.value.duration

      aggregations {
        alignment_period     = "300s"
        per_series_aligner   = each.value.aligner
        cross_series_reducer = each.value.reducer
        group_by_fields      = try(each.value.by, [])
      }

      dynamic "denominator_aggregations" {
        for_each = each.value.ratio_to == null ? [] : [1]

        content {
          alignment_period     = "300s"
          per_series_aligner   = each.value.aligner
          cross_series_reducer = each.value.reducer
        }
      }
    }
  }

  documentation {
    content   = "${each.value.advice} More: docs/deploy.md, When an alert comes."
    mime_type = "text/markdown"
  }

  # Monitoring learns of a new log metric some minutes after its creation, and rejects alerts on it until then.
  depends_on = [google_cloudfunctions2_function.function]
}

# The alerts on what a function finds do not fire if the function does not run. A missing count is a count of 0. An
# absence condition would not do, because Monitoring interpolates missing deltas:
# https://cloud.google.com/monitoring/api/ref_v3/rest/v3/projects.alertPolicies#Aligner
resource "google_monitoring_alert_policy" "not_called" {
  for_each = {
    relay = { function = "outbox_relay", meanwhile = "Unpublished events wait" }
    sweep = { function = "heartbeat_sweep", meanwhile = "Machines without heartbeats stay connected" }
  }

  project               = var.project
  display_name          = "Muster: the ${each.key} has not run for 10 minutes"
  combiner              = "OR"
  severity              = "ERROR"
  user_labels           = local.labels
  notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]

  conditions {
    display_name = "The ${each.key} has not run for 10 minutes"

    condition_threshold {
      # Calls that reached the function: https://cloud.google.com/monitoring/api/metrics_gcp_p_z#gcp-run
      filter                  = "${local.served} AND resource.labels.service_name=\"${local.names[each.value.function]}\""
      comparison              = "COMPARISON_LT"
      threshold_value         = 1
      duration                = "60s" # Monitoring does not evaluate missing data if this is 0
      evaluation_missing_data = "EVALUATION_MISSING_DATA_ACTIVE"

      aggregations {
        alignment_period     = "600s"
        per_series_aligner   = "ALIGN_SUM"
        cross_series_reducer = "REDUCE_SUM"
      }
    }
  }

  documentation {
    content   = "See the schedule in Cloud Scheduler, and the function's log. ${each.value.meanwhile} until it runs again. More: docs/deploy.md, When an alert comes."
    mime_type = "text/markdown"
  }

  depends_on = [google_cloudfunctions2_function.function]
}
