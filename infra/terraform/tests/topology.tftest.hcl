# What the topology names is there, as it says, and nothing that it does not name.

mock_provider "google" {
  mock_data "google_project" {
    defaults = { number = "123456789012" }
  }
}

variables {
  project     = "example-project"
  region      = "europe-west1"
  domain      = "inventory.example.com"
  archive     = "versions.tf" # any file will do: it is not looked into
  keep_events = true

  alert_emails = ["oncall@example.com"]
}

run "functions" {
  assert {
    condition     = keys(google_cloudfunctions2_function.function) == keys(yamldecode(file("../topology.yaml")).functions)
    error_message = "A function of the topology is not deployed, or one that is not in it is."
  }
  assert {
    condition = alltrue([
      for name, function in yamldecode(file("../topology.yaml")).functions :
      google_cloudfunctions2_function.function[name].build_config[0].entry_point == function.entry_point
      && google_cloudfunctions2_function.function[name].build_config[0].environment_variables == tomap({ GOOGLE_FUNCTION_SOURCE = "${function.folder}/main.py" })
      && fileexists("../../${function.folder}/main.py")
    ])
    error_message = "A function is not built from its own main.py."
  }
  assert {
    condition = alltrue([
      for name, function in yamldecode(file("../topology.yaml")).functions :
      jsonencode([
        google_cloudfunctions2_function.function[name].service_config[0].available_cpu,
        google_cloudfunctions2_function.function[name].service_config[0].available_memory,
        google_cloudfunctions2_function.function[name].service_config[0].max_instance_request_concurrency,
        google_cloudfunctions2_function.function[name].service_config[0].min_instance_count,
        google_cloudfunctions2_function.function[name].service_config[0].max_instance_count,
        google_cloudfunctions2_function.function[name].service_config[0].timeout_seconds,
        ]) == jsonencode([
        tostring(function.cpu), function.memory, function.concurrency,
        function.minimum_instances, function.maximum_instances, function.timeout_seconds,
      ])
    ])
    error_message = "A function has another size than the topology gives it."
  }
  assert {
    condition = alltrue([
      for name, function in yamldecode(file("../topology.yaml")).functions :
      google_cloudfunctions2_function.function[name].service_config[0].environment_variables == tomap(merge(try(function.environment, {}), {
        GOOGLE_CLOUD_PROJECT = "example-project"
        FIRESTORE_DATABASE   = "(default)"
        ERRORS_BASE_URL      = "https://api.example.com/errors"
        PYTHONPATH           = "/workspace"
        LOG_EXECUTION_ID     = "false"
      }))
    ])
    error_message = "A function has another environment than what the code reads."
  }
}

run "routes" {
  assert {
    condition     = length(google_compute_url_map.routes.path_matcher[0].route_rules) == length(yamldecode(file("../topology.yaml")).routes)
    error_message = "A route of the topology is not in the URL map."
  }
  assert {
    condition = alltrue([
      for index, route in yamldecode(file("../topology.yaml")).routes : anytrue([
        for rule in google_compute_url_map.routes.path_matcher[0].route_rules :
        rule.priority == index + 1
        && rule.service == google_compute_backend_service.function[route.function].id
        && contains([
          rule.match_rules[0].full_path_match == null ? "" : rule.match_rules[0].full_path_match,
          rule.match_rules[0].path_template_match == null ? "" : rule.match_rules[0].path_template_match,
          rule.match_rules[0].prefix_match == null ? "" : "${rule.match_rules[0].prefix_match}**",
        ], route.path)
      ])
    ])
    error_message = "A route leads elsewhere in the URL map, or comes in another order."
  }
  assert {
    condition = alltrue([
      for name, group in google_compute_region_network_endpoint_group.function :
      group.cloud_run[0].service == google_cloudfunctions2_function.function[name].name
      && one(google_compute_backend_service.function[name].backend).group == group.id
    ])
    error_message = "A backend is another function than its name says."
  }
}

run "events" {
  assert {
    condition     = keys(google_pubsub_topic.topic) == keys(yamldecode(file("../topology.yaml")).topics)
    error_message = "A topic is missing, or is not the topology's."
  }
  assert {
    condition = alltrue([
      for name, topic in yamldecode(file("../topology.yaml")).topics :
      try(topic.message, null) == null ? length(google_pubsub_topic.topic[name].schema_settings) == 0 : (
        google_pubsub_topic.topic[name].schema_settings[0].encoding == "BINARY"
        && google_pubsub_topic.topic[name].schema_settings[0].schema == google_pubsub_schema.message[topic.message].id
      )
    ])
    error_message = "A topic takes other messages than the topology says."
  }
  assert {
    condition = alltrue([
      for name, topic in yamldecode(file("../topology.yaml")).topics :
      try("${topic.retention_days * 86400}s" == google_pubsub_topic.topic[name].message_retention_duration, true)
    ])
    error_message = "A topic keeps its messages for another time than the topology says."
  }
  assert {
    condition     = keys(google_pubsub_subscription.push) == keys(yamldecode(file("../topology.yaml")).subscriptions)
    error_message = "A subscription is missing, or is not the topology's."
  }
  assert {
    condition = alltrue([
      for name, subscription in yamldecode(file("../topology.yaml")).subscriptions :
      google_pubsub_subscription.push[name].topic == google_pubsub_topic.topic[subscription.topic].id
      && google_pubsub_subscription.push[name].filter == try(subscription.filter, "")
      && google_pubsub_subscription.push[name].enable_message_ordering == try(subscription.ordered, false)
      && google_pubsub_subscription.push[name].ack_deadline_seconds == subscription.ack_deadline_seconds
      && google_pubsub_subscription.push[name].retry_policy[0].minimum_backoff == "${subscription.retry.minimum_backoff_seconds}s"
      && google_pubsub_subscription.push[name].retry_policy[0].maximum_backoff == "${subscription.retry.maximum_backoff_seconds}s"
    ])
    error_message = "A subscription has another filter, order, deadline or pause than the topology says."
  }
  assert {
    condition = alltrue([
      for name, subscription in yamldecode(file("../topology.yaml")).subscriptions :
      google_pubsub_subscription.push[name].push_config[0].push_endpoint == google_cloudfunctions2_function.function[subscription.function].service_config[0].uri
      && google_pubsub_subscription.push[name].push_config[0].oidc_token[0].service_account_email == google_service_account.caller[subscription.function].email
    ])
    error_message = "A subscription pushes elsewhere, or without a token of its caller's account."
  }

  # Every subscription that delivers somewhere has a dead-letter topic, and that one a subscription which keeps it.
  assert {
    condition = alltrue([
      for name, subscription in yamldecode(file("../topology.yaml")).subscriptions :
      google_pubsub_subscription.push[name].dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.topic[subscription.dead_letter.topic].id
      && google_pubsub_subscription.push[name].dead_letter_policy[0].max_delivery_attempts == subscription.dead_letter.max_delivery_attempts
      && google_pubsub_subscription.dead_letters[subscription.dead_letter.topic].topic == google_pubsub_topic.topic[subscription.dead_letter.topic].id
      && contains(keys(google_pubsub_topic_iam_member.dead_letters_published), subscription.dead_letter.topic)
      && contains(keys(google_pubsub_subscription_iam_member.dead_letters_taken), name)
    ])
    error_message = "A subscription has no dead-letter topic, nobody keeps what comes there, or Pub/Sub may not put it there."
  }
  assert {
    condition = alltrue([
      for subscription in google_pubsub_subscription.kept :
      subscription.dead_letter_policy[0].dead_letter_topic == google_pubsub_topic.kept_dead["audit"].id
      && google_pubsub_subscription.kept_dead["audit"].topic == google_pubsub_topic.kept_dead["audit"].id
    ])
    error_message = "An event that BigQuery does not take is lost."
  }
  assert {
    condition = alltrue(concat(
      [for subscription in google_pubsub_subscription.push : subscription.expiration_policy[0].ttl == ""],
      [for subscription in google_pubsub_subscription.dead_letters : subscription.expiration_policy[0].ttl == ""],
      [for subscription in google_pubsub_subscription.kept : subscription.expiration_policy[0].ttl == ""],
    ))
    error_message = "A subscription would be deleted after a quiet month."
  }
  assert {
    condition = keys(google_pubsub_subscription.kept) == keys({
      for name, topic in yamldecode(file("../topology.yaml")).topics : name => topic if try(topic.message, null) != null
    })
    error_message = "BigQuery does not keep every event."
  }
}

run "schedules" {
  assert {
    condition     = keys(google_cloud_scheduler_job.schedule) == keys(yamldecode(file("../topology.yaml")).schedules)
    error_message = "A schedule is missing, or is not the topology's."
  }
  assert {
    condition = alltrue([
      for name, schedule in yamldecode(file("../topology.yaml")).schedules :
      google_cloud_scheduler_job.schedule[name].schedule == "*/${schedule.every_minutes} * * * *"
      && google_cloud_scheduler_job.schedule[name].http_target[0].uri == google_cloudfunctions2_function.function[schedule.function].service_config[0].uri
      && google_cloud_scheduler_job.schedule[name].http_target[0].oidc_token[0].service_account_email == google_service_account.caller[schedule.function].email
    ])
    error_message = "A schedule calls another function, at another pace, or without a token of its caller's account."
  }
}

run "store" {
  assert {
    condition = (
      google_firestore_database.inventory.delete_protection_state == "DELETE_PROTECTION_ENABLED"
      && google_firestore_database.inventory.point_in_time_recovery_enablement == "POINT_IN_TIME_RECOVERY_ENABLED"
      && google_firestore_database.inventory.deletion_policy == "ABANDON"
      && google_firestore_backup_schedule.daily.retention == "1209600s"
    )
    error_message = "The database is not protected, or cannot be restored."
  }

  # The provider waits for 20 minutes, forgets the index, and cannot create it again, because it is there.
  assert {
    condition = alltrue(concat(
      [for index in google_firestore_index.composite : index.timeouts.create == "24h"],
      [for field in google_firestore_field.override : field.timeouts == { create = "24h", update = "24h", delete = "24h" }],
    ))
    error_message = "A deployment gives up while Firestore builds an index on much data."
  }

  # The indexes that the emulator enforces, with every field in its order. The mock makes up what is not set, so
  # that only what the topology sets is compared.
  assert {
    condition     = length(google_firestore_index.composite) == length(yamldecode(file("../topology.yaml")).firestore.indexes)
    error_message = "There are other indexes than the topology's."
  }
  assert {
    condition = alltrue([
      for expected in yamldecode(file("../topology.yaml")).firestore.indexes : anytrue([
        for index in google_firestore_index.composite :
        index.collection == expected.collectionGroup && index.query_scope == expected.queryScope
        && [for field in index.fields : field.field_path] == [for field in expected.fields : field.fieldPath]
        && alltrue([
          for position, field in expected.fields :
          try(field.order, index.fields[position].order) == index.fields[position].order
          && try(field.arrayConfig, index.fields[position].array_config) == index.fields[position].array_config
        ])
      ])
    ])
    error_message = "An index that queries need is missing, or is another one."
  }
  assert {
    condition     = length(google_firestore_field.override) == length(yamldecode(file("../topology.yaml")).firestore.fieldOverrides)
    error_message = "Other fields have settings of their own than the topology's."
  }
  assert {
    condition = alltrue([
      for expected in yamldecode(file("../topology.yaml")).firestore.fieldOverrides : anytrue([
        for override in google_firestore_field.override :
        override.collection == expected.collectionGroup && override.field == expected.fieldPath
        && length(override.ttl_config) == (try(expected.ttl, false) ? 1 : 0)
        && length(override.index_config[0].indexes) == length(expected.indexes)
        && alltrue([
          for wanted in expected.indexes : anytrue([
            for index in override.index_config[0].indexes :
            index.query_scope == wanted.queryScope
            && try(wanted.order, index.order) == index.order && try(wanted.arrayConfig, index.array_config) == index.array_config
          ])
        ])
      ])
    ])
    error_message = "A field is indexed, exempt or expires otherwise than the topology says."
  }
}

run "watch" {
  assert {
    condition = keys(google_monitoring_alert_policy.threshold) == [
      "aborts", "called_errors", "dead_letters", "delivery", "error_rate", "latency", "relay_age", "relay_backlog",
      "unreached",
    ]
    error_message = "Somebody is told of failures, slowness, aborts, dead letters, what waits and what is not reached."
  }
  assert {
    condition = (
      google_monitoring_uptime_check_config.api.monitored_resource[0].labels.host == var.domain
      && google_monitoring_uptime_check_config.api.http_check[0].use_ssl
      && google_monitoring_uptime_check_config.api.http_check[0].validate_ssl
      && strcontains(google_monitoring_alert_policy.threshold["unreached"].conditions[0].condition_threshold[0].filter, google_monitoring_uptime_check_config.api.uptime_check_id)
    )
    error_message = "Nobody is told that clients do not reach the domain, or find a bad certificate there."
  }
  assert {
    condition = alltrue([
      for name, function in yamldecode(file("../topology.yaml")).functions :
      function.trigger == "http" || strcontains(google_monitoring_alert_policy.threshold["called_errors"].conditions[0].condition_threshold[0].filter, local.names[name])
    ])
    error_message = "A function that no client calls may fail and nobody is told."
  }
  assert {
    condition     = length(google_monitoring_alert_policy.not_called) == length(yamldecode(file("../topology.yaml")).schedules)
    error_message = "A schedule may not be kept and nobody is told."
  }
  assert {
    condition = alltrue([
      for schedule in values(yamldecode(file("../topology.yaml")).schedules) : anytrue([
        for policy in google_monitoring_alert_policy.not_called :
        strcontains(policy.conditions[0].condition_threshold[0].filter, "\"${local.names[schedule.function]}\"")
        && policy.conditions[0].condition_threshold[0].comparison == "COMPARISON_LT"
        && policy.conditions[0].condition_threshold[0].threshold_value == 1
        && policy.conditions[0].condition_threshold[0].evaluation_missing_data == "EVALUATION_MISSING_DATA_ACTIVE"
        && policy.conditions[0].condition_threshold[0].duration != "0s"
        && !contains(["ALIGN_DELTA", "ALIGN_RATE"], policy.conditions[0].condition_threshold[0].aggregations[0].per_series_aligner)
      ])
    ])
    error_message = "A schedule whose calls are missing counts as kept."
  }
  assert {
    condition = alltrue([
      for subscription in values(yamldecode(file("../topology.yaml")).subscriptions) :
      strcontains(google_monitoring_alert_policy.threshold["dead_letters"].conditions[0].condition_threshold[0].filter, subscription.dead_letter.topic)
    ])
    error_message = "A dead-letter subscription has no alert."
  }
  assert {
    condition = alltrue([
      for name in concat(keys(google_pubsub_subscription.push), [for kept in google_pubsub_subscription.kept : kept.name]) :
      strcontains(google_monitoring_alert_policy.threshold["delivery"].conditions[0].condition_threshold[0].filter, name)
    ])
    error_message = "A subscription may fall behind and nobody is told."
  }
  assert {
    condition = alltrue([
      for policy in concat(values(google_monitoring_alert_policy.threshold), values(google_monitoring_alert_policy.not_called)) :
      policy.notification_channels == tolist([for channel in google_monitoring_notification_channel.email : channel.id])
    ])
    error_message = "An alert does not reach the addresses."
  }
  # A percentile of a few values is one of a bucket's bounds, whatever they are in it.
  assert {
    condition = alltrue([
      for name, alert in { outbox_oldest_seconds = "relay_age", outbox_backlog = "relay_backlog" } :
      contains(
        google_logging_metric.found[name].bucket_options[0].explicit_buckets[0].bounds,
        google_monitoring_alert_policy.threshold[alert].conditions[0].condition_threshold[0].threshold_value,
      )
    ])
    error_message = "An alert's threshold lies within a bucket of its metric."
  }
  assert {
    condition     = length(jsondecode(google_monitoring_dashboard.muster.dashboard_json).mosaicLayout.tiles) == 10
    error_message = "The dashboard shows ten charts."
  }
  assert {
    condition     = !can(regex(":(0|\\[\\]|\"\")[,}]", google_monitoring_dashboard.muster.dashboard_json))
    error_message = "Monitoring drops what is zero or empty, and every plan would put it back."
  }
}
