# What is measured, what somebody is told of, and one page that shows it.

# The relay logs what it finds at each call (functions/outbox_relay).
locals {
  relay_log = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${local.names["outbox_relay"]}\""

  relay_metrics = {
    outbox_backlog        = { field = "backlog", unit = "1", name = "Events that waited in the outbox" }
    outbox_oldest_seconds = { field = "oldest_seconds", unit = "s", name = "Age of the oldest event in the outbox" }
  }
}

resource "google_logging_metric" "relay" {
  for_each = local.relay_metrics

  project         = var.project
  name            = "muster/${each.key}"
  description     = each.value.name
  filter          = "${local.relay_log} AND jsonPayload.${each.value.field}>=0"
  value_extractor = "EXTRACT(jsonPayload.${each.value.field})"

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "DISTRIBUTION"
    unit         = each.value.unit
    display_name = each.value.name
  }

  depends_on = [google_project_service.service]
}

locals {
  metrics = {
    requests = "resource.type=\"https_lb_rule\" AND resource.labels.url_map_name=\"${google_compute_url_map.routes.name}\" AND metric.type=\"loadbalancing.googleapis.com/https/request_count\""
    latency  = "resource.type=\"https_lb_rule\" AND resource.labels.url_map_name=\"${google_compute_url_map.routes.name}\" AND metric.type=\"loadbalancing.googleapis.com/https/total_latencies\""
    backlog  = "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.relay["outbox_backlog"].name}\""
    age      = "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user/${google_logging_metric.relay["outbox_oldest_seconds"].name}\""
    waiting  = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription/num_undelivered_messages\""
    oldest   = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription/oldest_unacked_message_age\""
    # Firestore's own count of its calls; 10 is gRPC's ABORTED.
    calls = "resource.type=\"consumed_api\" AND resource.labels.service=\"firestore.googleapis.com\" AND metric.type=\"serviceruntime.googleapis.com/api/request_count\""
  }
  errors       = "${local.metrics.requests} AND metric.labels.response_code_class=500"
  aborted      = "${local.metrics.calls} AND metric.labels.grpc_status_code=\"10\""
  dead_letters = "${local.metrics.waiting} AND resource.labels.subscription_id=monitoring.regex.full_match(\"${join("|", concat(tolist(local.dead_letter_topics), [for subscription in google_pubsub_subscription.kept_dead : subscription.name]))}\")"
  delivery     = "${local.metrics.oldest} AND resource.labels.subscription_id=monitoring.regex.full_match(\"${join("|", keys(local.subscriptions))}\")"

  # The `ratio_to` metric, where there is one, is what the first is divided by.
  alerts = {
    error_rate = {
      name      = "More than 1 % of requests fail"
      advice    = "The functions' logs have each failure with its request id: severity ERROR, or status 5xx in the request log."
      filter    = local.errors
      ratio_to  = local.metrics.requests
      aligner   = "ALIGN_RATE"
      reducer   = "REDUCE_SUM"
      threshold = 0.01
      duration  = "300s"
    }
    latency = {
      name      = "One request in a hundred takes more than 2 s"
      advice    = "Cold starts, contention (see aborted calls) or a slow Firestore: compare with the dashboard's other charts."
      filter    = local.metrics.latency
      ratio_to  = null
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_PERCENTILE_99"
      threshold = 2000
      duration  = "600s"
    }
    relay_age = {
      name      = "An event has waited for more than 5 minutes"
      advice    = "Pub/Sub does not take it: the relay's log says why. Nothing is lost; it is published once that is mended."
      filter    = local.metrics.age
      ratio_to  = null
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_PERCENTILE_99"
      threshold = 300
      duration  = "0s"
    }
    relay_backlog = {
      name      = "More than 10,000 events wait in the outbox"
      advice    = "Publishing fails, or functions are killed before they publish: see the log for events not published."
      filter    = local.metrics.backlog
      ratio_to  = null
      aligner   = "ALIGN_DELTA"
      reducer   = "REDUCE_PERCENTILE_99"
      threshold = 10000
      duration  = "0s"
    }
    dead_letters = {
      name      = "An event could not be processed"
      advice    = "It waits in the dead-letter subscription: look at it, mend the cause, then deliver it again or acknowledge it."
      filter    = local.dead_letters
      ratio_to  = null
      aligner   = "ALIGN_MAX"
      reducer   = "REDUCE_SUM"
      threshold = 0
      duration  = "0s"
    }
    delivery = {
      name      = "A subscription of ours is more than 10 minutes behind"
      advice    = "Its function fails or is too slow: see that function's log."
      filter    = local.delivery
      ratio_to  = null
      aligner   = "ALIGN_MAX"
      reducer   = "REDUCE_MAX"
      threshold = 600
      duration  = "300s"
    }
    aborts = {
      name      = "More than 5 % of Firestore's calls are aborted"
      advice    = "Many requests change the same documents at once. Each is retried within its deadline; past it clients get a 503."
      filter    = local.aborted
      ratio_to  = local.metrics.calls
      aligner   = "ALIGN_RATE"
      reducer   = "REDUCE_SUM"
      threshold = 0.05
      duration  = "600s"
    }
  }
}

resource "google_monitoring_notification_channel" "email" {
  for_each = var.alert_emails

  project      = var.project
  display_name = each.key
  type         = "email"
  labels       = { email_address = each.key }

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
    content   = each.value.advice
    mime_type = "text/markdown"
  }
}

# An alert on what the relay says cannot tell that it says nothing.
resource "google_monitoring_alert_policy" "relay_silent" {
  project               = var.project
  display_name          = "Muster: the relay has not run for 10 minutes"
  combiner              = "OR"
  severity              = "ERROR"
  user_labels           = local.labels
  notification_channels = [for channel in google_monitoring_notification_channel.email : channel.id]

  conditions {
    display_name = "The relay has not run for 10 minutes"

    condition_absent {
      filter   = local.metrics.backlog
      duration = "600s"

      aggregations {
        alignment_period     = "60s"
        per_series_aligner   = "ALIGN_DELTA"
        cross_series_reducer = "REDUCE_COUNT"
      }
    }
  }

  documentation {
    content   = "See the schedule in Cloud Scheduler, and the function's log. Events that could not be published wait meanwhile."
    mime_type = "text/markdown"
  }
}

locals {
  charts = [
    { title = "Requests by status", filter = local.metrics.requests, aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["metric.label.response_code_class"] },
    { title = "Latency, 99th percentile (ms)", filter = local.metrics.latency, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", by = [] },
    { title = "Latency, median (ms)", filter = local.metrics.latency, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_50", by = [] },
    { title = "Requests by function", filter = "resource.type=\"cloud_run_revision\" AND metric.type=\"run.googleapis.com/request_count\"", aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["resource.label.service_name"] },
    { title = "Instances by function", filter = "resource.type=\"cloud_run_revision\" AND metric.type=\"run.googleapis.com/container/instance_count\"", aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", by = ["resource.label.service_name"] },
    { title = "Firestore calls by outcome", filter = local.metrics.calls, aligner = "ALIGN_RATE", reducer = "REDUCE_SUM", by = ["metric.label.grpc_status_code"] },
    { title = "Outbox: events found by the relay", filter = local.metrics.backlog, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", by = [] },
    { title = "Outbox: age of the oldest event (s)", filter = local.metrics.age, aligner = "ALIGN_DELTA", reducer = "REDUCE_PERCENTILE_99", by = [] },
    { title = "Subscriptions: age of the oldest event (s)", filter = local.delivery, aligner = "ALIGN_MAX", reducer = "REDUCE_MAX", by = ["resource.label.subscription_id"] },
    { title = "Dead letters", filter = local.dead_letters, aligner = "ALIGN_MAX", reducer = "REDUCE_SUM", by = ["resource.label.subscription_id"] },
  ]
}

resource "google_monitoring_dashboard" "muster" {
  project = var.project

  dashboard_json = jsonencode({
    displayName = "Muster"
    mosaicLayout = {
      columns = 12
      tiles = [
        for index, chart in local.charts : {
          xPos   = 6 * (index % 2)
          yPos   = 4 * floor(index / 2)
          width  = 6
          height = 4
          widget = {
            title = chart.title
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = chart.filter
                    aggregation = {
                      alignmentPeriod    = "60s"
                      perSeriesAligner   = chart.aligner
                      crossSeriesReducer = chart.reducer
                      groupByFields      = chart.by
                    }
                  }
                }
              }]
            }
          }
        }
      ]
    }
  })

  depends_on = [google_project_service.service]
}
