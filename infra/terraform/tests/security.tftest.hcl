# Who may do what. Nothing here reaches Google: the provider is a mock, and what it would compute is made up.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project = "example-project"
  region  = "europe-west1"
  domain  = "inventory.example.com"
  archive = "versions.tf" # any file will do: it is not looked into

  keep_events  = true # so that everything there can be is there
  alert_emails = ["oncall@example.com"]
}

run "production" {
  # Everybody is let in at the HTTP functions, which the load balancer needs, and nowhere else.
  assert {
    condition = alltrue(concat(
      [for binding in google_cloud_run_service_iam_binding.clients : tolist(binding.members) == tolist(["allUsers"])],
      [keys(google_cloud_run_service_iam_binding.clients) == keys({ for name, function in yamldecode(file("../topology.yaml")).functions : name => function if function.trigger == "http" })],
    ))
    error_message = "allUsers may call the HTTP functions, and those alone."
  }
  assert {
    condition = !anytrue([
      for member in concat(
        flatten([for binding in google_cloud_run_service_iam_binding.callers : tolist(binding.members)]),
        [for grant in google_project_iam_member.store : grant.member],
        [for grant in google_pubsub_topic_iam_member.publications : grant.member],
        [for grant in google_pubsub_topic_iam_member.dead_letters_published : grant.member],
        [for grant in google_pubsub_topic_iam_member.kept_dead : grant.member],
        [for grant in google_pubsub_subscription_iam_member.dead_letters_taken : grant.member],
        [for grant in google_pubsub_subscription_iam_member.kept : grant.member],
        [for grant in google_bigquery_dataset_iam_member.events_written : grant.member],
        [for grant in google_service_account_iam_member.push_tokens : grant.member],
        [
          google_project_iam_member.build_logs.member,
          google_project_iam_member.build_sources.member,
          google_artifact_registry_repository_iam_member.build_images.member,
        ],
      ) : contains(["allUsers", "allAuthenticatedUsers"], member)
    ])
    error_message = "Nobody but the HTTP functions takes calls from everybody."
  }

  # What everybody may call is reached through the load balancer alone.
  assert {
    condition = alltrue([
      for name, function in yamldecode(file("../topology.yaml")).functions :
      google_cloudfunctions2_function.function[name].service_config[0].ingress_settings == (
        function.trigger == "http" ? "ALLOW_INTERNAL_AND_GCLB" : "ALLOW_INTERNAL_ONLY"
      )
    ])
    error_message = "No function is reached from the Internet but through the load balancer."
  }
  assert {
    condition = alltrue([
      for backend in google_compute_backend_service.function : backend.security_policy == google_compute_security_policy.edge.id
    ])
    error_message = "Cloud Armor stands before every backend."
  }

  # A function that a schedule or a subscription calls takes calls from that one account.
  assert {
    condition = alltrue([
      for name, binding in google_cloud_run_service_iam_binding.callers :
      binding.role == "roles/run.invoker" && tolist(binding.members) == tolist([google_service_account.caller[name].member])
    ])
    error_message = "A called function takes calls from its own caller's account and nobody else."
  }

  # Each function is an account of its own, with the store and the topics that the topology names, and no more.
  assert {
    condition = alltrue([
      for name in keys(yamldecode(file("../topology.yaml")).functions) :
      google_cloudfunctions2_function.function[name].service_config[0].service_account_email == google_service_account.function[name].email
    ])
    error_message = "Each function runs as its own account."
  }
  assert {
    condition     = length(distinct([for account in google_service_account.function : account.account_id])) == length(yamldecode(file("../topology.yaml")).functions)
    error_message = "No two functions share an account."
  }
  assert {
    condition = alltrue([
      for name, grant in google_project_iam_member.store :
      grant.role == "roles/datastore.user" && grant.member == google_service_account.function[name].member
      && grant.condition[0].expression == "resource.name == \"projects/example-project/databases/(default)\""
    ])
    error_message = "A function works on documents, in this database alone."
  }
  assert {
    condition = toset([for grant in google_pubsub_topic_iam_member.publications : "${grant.member} ${grant.topic}"]) == toset(flatten([
      for name, function in yamldecode(file("../topology.yaml")).functions : [
        for topic in try(function.publishes, []) : "${google_service_account.function[name].member} ${topic}"
      ]
    ]))
    error_message = "A function publishes to the topics that the topology names for it, and no others."
  }
  assert {
    condition = !anytrue([
      for role in concat(
        [for grant in google_project_iam_member.store : grant.role],
        [google_project_iam_member.build_logs.role, google_project_iam_member.build_sources.role],
      ) : contains(["roles/owner", "roles/editor", "roles/viewer"], role)
    ])
    error_message = "No primitive roles."
  }

  # The edge.
  assert {
    condition     = google_compute_ssl_policy.modern.min_tls_version == "TLS_1_2" && google_compute_target_https_proxy.api.ssl_policy == google_compute_ssl_policy.modern.id
    error_message = "TLS 1.2 at the least."
  }
  assert {
    condition     = google_compute_global_forwarding_rule.https.port_range == "443"
    error_message = "Port 443 is the only one."
  }
  assert {
    condition     = google_compute_managed_ssl_certificate.api.managed[0].domains == tolist(["inventory.example.com"])
    error_message = "The certificate is the domain's."
  }
  assert {
    condition = [
      for rule in google_compute_security_policy.edge.rule :
      "${rule.rate_limit_options[0].rate_limit_threshold[0].count} ${rule.rate_limit_options[0].exceed_action}" if rule.action == "throttle"
    ] == ["6000 deny(429)"]
    error_message = "An address that asks for too much is told 429."
  }
  assert {
    condition = length([
      for rule in google_compute_security_policy.edge.rule :
      rule if rule.action == "deny(403)" && rule.priority < 1000 && !rule.preview
    ]) == 9
    error_message = "Nine rules refuse known attacks before the rate limit lets a request pass."
  }

  # Sources and logs.
  assert {
    condition     = google_storage_bucket.sources.public_access_prevention == "enforced" && google_storage_bucket.sources.uniform_bucket_level_access
    error_message = "The sources are not public."
  }
  assert {
    condition     = toset([for log in google_project_iam_audit_config.firestore.audit_log_config : log.log_type]) == toset(["ADMIN_READ", "DATA_READ", "DATA_WRITE"])
    error_message = "Who reads or writes data past the functions is logged."
  }
  assert {
    condition     = strcontains(google_logging_project_exclusion.requests.filter, "\"muster-machines\"") && endswith(google_logging_project_exclusion.requests.filter, "httpRequest.status<500 AND NOT httpRequest.status=(401 OR 403 OR 429)")
    error_message = "Cloud Run's entries are left out for the functions of Muster alone, and kept for failures and refusals."
  }
}

run "without_audit_tables" {
  variables {
    keep_events = false
  }

  assert {
    condition     = length(google_bigquery_table.events) == 0 && length(google_pubsub_subscription.kept) == 0 && length(google_pubsub_topic.kept_dead) == 0
    error_message = "BigQuery keeps nothing unless it is asked to."
  }
}
