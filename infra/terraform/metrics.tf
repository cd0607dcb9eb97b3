# In each run, the relay logs what it finds.
locals {
  found_metrics = {
    outbox_backlog        = { function = "outbox_relay", field = "backlog", unit = "1", name = "Events that waited in the outbox" }
    outbox_oldest_seconds = { function = "outbox_relay", field = "oldest_seconds", unit = "s", name = "Age of the oldest event in the outbox" }
  }
}

resource "google_logging_metric" "found" {
  for_each = local.found_metrics

  project         = var.project
  name            = "muster/${each.key}"
  description     = each.value.name
  filter          = "resource.type=\"cloud_run_revision\" AND resource.labels.service_name=\"${local.names[each.value.function]}\" AND jsonPayload.${each.value.field}>=0"
  value_extractor = "EXTRACT(jsonPayload.${each.value.field})"

  metric_descriptor {
    metric_kind  = "DELTA"
    value_type   = "DISTRIBUTION"
    unit         = each.value.unit
    display_name = each.value.name
  }

  # The bounds include the alerts' thresholds: 5 minutes, 10,000 events.
  bucket_options {
    explicit_buckets {
      bounds = [1, 10, 60, 300, 1000, 3600, 10000, 100000, 1000000]
    }
  }

  depends_on = [google_project_service.service]
}

# The filters that charts and alerts share.
locals {
  of_balancer = "resource.type=\"https_lb_rule\" AND resource.labels.url_map_name=\"${google_compute_url_map.routes.name}\""
  of_logs     = "resource.type=\"cloud_run_revision\" AND metric.type=\"logging.googleapis.com/user"
  of_pubsub   = "resource.type=\"pubsub_subscription\" AND metric.type=\"pubsub.googleapis.com/subscription"
  of_run      = "resource.type=\"cloud_run_revision\" AND metric.type=\"run.googleapis.com"

  requests  = "${local.of_balancer} AND metric.type=\"loadbalancing.googleapis.com/https/request_count\""
  errors    = "${local.requests} AND metric.labels.response_code_class=500"
  latency   = "${local.of_balancer} AND metric.type=\"loadbalancing.googleapis.com/https/total_latencies\""
  backlog   = "${local.of_logs}/${google_logging_metric.found["outbox_backlog"].name}\""
  age       = "${local.of_logs}/${google_logging_metric.found["outbox_oldest_seconds"].name}\""
  served    = "${local.of_run}/request_count\""
  instances = "${local.of_run}/container/instance_count\""

  unreached = join(" AND ", [
    "resource.type=\"uptime_url\"",
    "metric.type=\"monitoring.googleapis.com/uptime_check/check_passed\"",
    "metric.labels.check_id=\"${google_monitoring_uptime_check_config.api.uptime_check_id}\"",
  ])

  # Only functions that schedules and subscriptions call: they are not in the load balancer's metrics.
  called_errors = join(" AND ", [
    local.served,
    "metric.labels.response_code_class=\"5xx\"",
    "resource.labels.service_name=monitoring.regex.full_match(\"${join("|", [for name, _ in local.called_functions : local.names[name]])}\")",
  ])

  # Firestore's own count of its calls; 10 is gRPC's ABORTED.
  calls = join(" AND ", [
    "resource.type=\"consumed_api\"",
    "resource.labels.service=\"firestore.googleapis.com\"",
    "metric.type=\"serviceruntime.googleapis.com/api/request_count\"",
  ])
  aborted = "${local.calls} AND metric.labels.grpc_status_code=\"10\""

  dead_letter_subscriptions = concat(
    tolist(local.dead_letter_topics),
    [for subscription in google_pubsub_subscription.kept_dead : subscription.name],
  )
  dead_letters = join(" AND ", [
    "${local.of_pubsub}/num_undelivered_messages\"",
    "resource.labels.subscription_id=monitoring.regex.full_match(\"${join("|", local.dead_letter_subscriptions)}\")",
  ])
  # A message that BigQuery rejects becomes a dead letter, but all of them wait while a table or access is missing.
  delivery_subscriptions = concat(
    keys(local.subscriptions),
    [for subscription in google_pubsub_subscription.kept : subscription.name],
  )
  delivery = join(" AND ", [
    "${local.of_pubsub}/oldest_unacked_message_age\"",
    "resource.labels.subscription_id=monitoring.regex.full_match(\"${join("|", local.delivery_subscriptions)}\")",
  ])
}
