# What cannot work is refused before anything is made.

mock_provider "google" {}

variables {
  project = "example-project"
  region  = "europe-west1"
  domain  = "inventory.example.com"
  archive = "versions.tf" # any file will do: it is not looked into

  alert_emails = ["oncall@example.com"]
}

run "a_project_number_is_no_project_id" {
  command = plan
  variables {
    project = "123456789012"
  }
  expect_failures = [var.project]
}

run "a_zone_is_no_region" {
  command = plan
  variables {
    region = "europe-west1-b"
  }
  expect_failures = [var.region]
}

run "a_url_is_no_domain" {
  command = plan
  variables {
    domain = "https://inventory.example.com"
  }
  expect_failures = [var.domain]
}

run "an_archive_must_be_there" {
  command = plan
  variables {
    archive = "no-such-file.zip"
  }
  expect_failures = [var.archive]
}

run "a_base_url_has_no_slash_at_its_end" {
  command = plan
  variables {
    errors_base_url = "https://api.example.com/errors/"
  }
  expect_failures = [var.errors_base_url]
}

run "a_backup_is_kept_for_98_days_at_the_most" {
  command = plan
  variables {
    backup_days = 99
  }
  expect_failures = [var.backup_days]
}

run "python_3_10_is_too_old" {
  command = plan
  variables {
    runtime = "python310"
  }
  expect_failures = [var.runtime]
}

run "an_alert_that_reaches_nobody_is_a_warning" {
  command = plan
  variables {
    alert_emails = []
  }
  expect_failures = [check.alerts_reach_somebody]
}

run "an_alert_without_a_mail_address_is_refused" {
  command = plan
  variables {
    alert_emails = ["oncall"]
  }
  expect_failures = [var.alert_emails]
}
