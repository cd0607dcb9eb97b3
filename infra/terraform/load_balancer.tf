# The only entrance. Port 80 is closed, because a client that sends its key unencrypted must not get a response.

resource "google_compute_global_address" "api" {
  project = var.project
  name    = "muster"

  depends_on = [google_project_service.service]
}

resource "google_compute_global_forwarding_rule" "https" {
  project               = var.project
  name                  = "muster-https"
  load_balancing_scheme = "EXTERNAL_MANAGED"
  ip_address            = google_compute_global_address.api.id
  port_range            = "443"
  target                = google_compute_target_https_proxy.api.id
  labels                = local.labels
}

resource "google_compute_target_https_proxy" "api" {
  project          = var.project
  name             = "muster"
  url_map          = google_compute_url_map.routes.id
  ssl_certificates = [google_compute_managed_ssl_certificate.api.id]
  ssl_policy       = google_compute_ssl_policy.modern.id
}

resource "google_compute_ssl_policy" "modern" {
  project         = var.project
  name            = "muster"
  profile         = "RESTRICTED"
  min_tls_version = "TLS_1_2"

  depends_on = [google_project_service.service]
}

# Google renews it. A certificate's domain cannot be changed, so another domain needs a new certificate.
resource "google_compute_managed_ssl_certificate" "api" {
  project = var.project
  name    = "muster-${substr(sha256(var.domain), 0, 8)}"

  managed {
    domains = [var.domain]
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [google_project_service.service]
}

resource "google_compute_region_network_endpoint_group" "function" {
  for_each = local.http_functions

  project               = var.project
  region                = var.region
  name                  = local.names[each.key]
  network_endpoint_type = "SERVERLESS"

  cloud_run {
    service = google_cloudfunctions2_function.function[each.key].name
  }
}

resource "google_compute_backend_service" "function" {
  for_each = local.http_functions

  project               = var.project
  name                  = local.names[each.key]
  load_balancing_scheme = "EXTERNAL_MANAGED"
  protocol              = "HTTPS"
  security_policy       = google_compute_security_policy.edge.id

  backend {
    group = google_compute_region_network_endpoint_group.function[each.key].id
  }

  log_config {
    enable      = true
    sample_rate = 0.1 # the functions log every request that reaches them
  }
}

locals {
  # The first match wins. A template without wildcards becomes a full path match, and one that ends with its only
  # wildcard, `/**`, a prefix match. The others become path templates:
  # https://cloud.google.com/load-balancing/docs/url-map-concepts
  routes = [
    for index, route in local.topology.routes : {
      priority = index + 1
      function = route.function
      full     = !strcontains(route.path, "*") ? route.path : null
      prefix   = can(regex("^[^*]*/\\*\\*$", route.path)) ? trimsuffix(route.path, "**") : null
      template = strcontains(route.path, "*") && !can(regex("^[^*]*/\\*\\*$", route.path)) ? route.path : null
      example  = replace(replace(route.path, "**", "a/b"), "*", "a")
    }
  ]
}

resource "google_compute_url_map" "routes" {
  project         = var.project
  name            = "muster"
  default_service = google_compute_backend_service.function[local.routes[length(local.routes) - 1].function].id

  host_rule {
    hosts        = ["*"]
    path_matcher = "routes"
  }

  path_matcher {
    name            = "routes"
    default_service = google_compute_backend_service.function[local.routes[length(local.routes) - 1].function].id

    dynamic "route_rules" {
      for_each = local.routes

      content {
        priority = route_rules.value.priority
        service  = google_compute_backend_service.function[route_rules.value.function].id

        match_rules {
          full_path_match     = route_rules.value.full
          prefix_match        = route_rules.value.prefix
          path_template_match = route_rules.value.template
        }
      }
    }
  }

  # Google rejects a URL map that fails these tests.
  dynamic "test" {
    for_each = local.routes

    content {
      host    = var.domain
      path    = test.value.example
      service = google_compute_backend_service.function[test.value.function].id
    }
  }
}
