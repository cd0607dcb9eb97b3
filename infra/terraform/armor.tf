locals {
  # Known attacks, at the sensitivity with the fewest false positives, because bodies and labels contain free text.
  # methodenforcement is not used, because it rejects PUT and DELETE.
  # https://cloud.google.com/armor/docs/waf-rules
  waf_rules = [
    "sqli-v33-stable", "xss-v33-stable", "lfi-v33-stable", "rfi-v33-stable", "rce-v33-stable",
    "scannerdetection-v33-stable", "protocolattack-v33-stable", "sessionfixation-v33-stable",
  ]
}

resource "google_compute_security_policy" "edge" {
  # checkov:skip=CKV_GCP_73:the rule with priority 100 does this; checkov does not see it next to dynamic rules
  project     = var.project
  name        = "muster"
  description = "Before any function: known attacks are refused, then each address has its share."
  type        = "CLOUD_ARMOR"

  advanced_options_config {
    json_parsing = "STANDARD"
    log_level    = "NORMAL"
  }

  adaptive_protection_config {
    layer_7_ddos_defense_config {
      enable = true
    }
  }

  # Log4Shell and similar attacks, in any part of a request.
  rule {
    description = "Known vulnerabilities"
    priority    = 100
    action      = "deny(403)"

    match {
      expr {
        expression = "evaluatePreconfiguredExpr('cve-canary')"
      }
    }
  }

  dynamic "rule" {
    for_each = local.waf_rules

    content {
      description = rule.value
      priority    = 200 + rule.key
      action      = "deny(403)"

      match {
        expr {
          expression = "evaluatePreconfiguredWaf('${rule.value}', {'sensitivity': 1})"
        }
      }
    }
  }

  rule {
    description = "Each address has its share"
    priority    = 1000
    action      = "throttle"

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }

    rate_limit_options {
      conform_action = "allow"
      exceed_action  = "deny(429)"
      enforce_on_key = "IP"

      rate_limit_threshold {
        count        = var.requests_per_minute
        interval_sec = 60
      }
    }
  }

  # Each request has matched an earlier rule, but a policy must have a default rule.
  rule {
    description = "Nothing else"
    priority    = 2147483647
    action      = "deny(403)"

    match {
      versioned_expr = "SRC_IPS_V1"

      config {
        src_ip_ranges = ["*"]
      }
    }
  }

  depends_on = [google_project_service.service]
}
