# The dashboard.

locals {
  # Title, filter, aligner of each series, reducer across series, and labels to group by.
  charts = [
    ["Requests by status", local.requests, "ALIGN_RATE", "REDUCE_SUM", ["metric.label.response_code_class"]],
    ["Latency, 99th percentile (ms)", local.latency, "ALIGN_DELTA", "REDUCE_PERCENTILE_99", []],
    ["Latency, median (ms)", local.latency, "ALIGN_DELTA", "REDUCE_PERCENTILE_50", []],
    ["Requests by function", local.served, "ALIGN_RATE", "REDUCE_SUM", ["resource.label.service_name"]],
    ["Instances by function", local.instances, "ALIGN_MAX", "REDUCE_SUM", ["resource.label.service_name"]],
    ["Firestore calls by outcome", local.calls, "ALIGN_RATE", "REDUCE_SUM", ["metric.label.grpc_status_code"]],
    ["Outbox: events found by the relay", local.backlog, "ALIGN_DELTA", "REDUCE_PERCENTILE_99", []],
    ["Outbox: age of the oldest event (s)", local.age, "ALIGN_DELTA", "REDUCE_PERCENTILE_99", []],
    ["Subscriptions: age of the oldest event (s)", local.delivery, "ALIGN_MAX", "REDUCE_MAX", ["resource.label.subscription_id"]],
    ["Dead letters", local.dead_letters, "ALIGN_MAX", "REDUCE_SUM", ["resource.label.subscription_id"]],
  ]

  # Two charts in a row. Zero and empty values are omitted, here and below, because Monitoring drops them, and every
  # plan would add them again (https://github.com/hashicorp/terraform-provider-google/issues/24650).
  positions = [
    for index, _ in local.charts : {
      for name, value in { xPos = 6 * (index % 2), yPos = 4 * floor(index / 2) } : name => value if value > 0
    }
  ]
}

resource "google_monitoring_dashboard" "muster" {
  project = var.project

  dashboard_json = jsonencode({
    displayName = "Muster"
    mosaicLayout = {
      columns = 12
      tiles = [
        for index, chart in local.charts : merge(local.positions[index], {
          width  = 6
          height = 4
          widget = {
            title = chart[0]
            xyChart = {
              dataSets = [{
                plotType = "LINE"
                timeSeriesQuery = {
                  timeSeriesFilter = {
                    filter = chart[1]
                    aggregation = merge(
                      { alignmentPeriod = "60s", perSeriesAligner = chart[2], crossSeriesReducer = chart[3] },
                      { for name, labels in { groupByFields = chart[4] } : name => labels if length(labels) > 0 },
                    )
                  }
                }
              }]
            }
          }
        })
      ]
    }
  })

  depends_on = [google_project_service.service]
}
