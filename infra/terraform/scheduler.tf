resource "google_cloud_scheduler_job" "schedule" {
  for_each = local.schedules

  project   = var.project
  region    = var.region
  name      = "muster-${each.key}"
  schedule  = "*/${each.value.every_minutes} * * * *"
  time_zone = "Etc/UTC"
  # The function's timeout. There are no retries, because the next call comes soon and continues the work.
  attempt_deadline = "${local.functions[each.value.function].timeout_seconds}s"

  http_target {
    http_method = "POST"
    uri         = google_cloudfunctions2_function.function[each.value.function].service_config[0].uri

    oidc_token {
      service_account_email = google_service_account.caller[each.value.function].email
      audience              = google_cloudfunctions2_function.function[each.value.function].service_config[0].uri
    }
  }

  retry_config {
    retry_count = 0
  }
}
