resource "google_firestore_database" "inventory" {
  project     = var.project
  name        = var.database
  location_id = coalesce(var.firestore_location, var.region)
  type        = "FIRESTORE_NATIVE"
  # A transaction locks what it reads. The product and its emulator rely on that.
  concurrency_mode = "PESSIMISTIC"

  point_in_time_recovery_enablement = "POINT_IN_TIME_RECOVERY_ENABLED"
  delete_protection_state           = var.protect_data ? "DELETE_PROTECTION_ENABLED" : "DELETE_PROTECTION_DISABLED"
  # `terraform destroy` does not delete a protected database.
  deletion_policy = var.protect_data ? "ABANDON" : "DELETE"

  depends_on = [google_project_service.service]
}

resource "google_firestore_backup_schedule" "daily" {
  project   = var.project
  database  = google_firestore_database.inventory.name
  retention = "${var.backup_days * 24 * 60 * 60}s"

  daily_recurrence {}
}

# The topology has the format of the Firebase CLI: collectionGroup, fieldPath, arrayConfig.
locals {
  indexes = {
    for index in local.topology.firestore.indexes :
    join(" ", concat(
      [index.collectionGroup, index.queryScope],
      [for field in index.fields : "${field.fieldPath}:${try(field.order, field.arrayConfig)}"],
    )) => index
  }
  field_overrides = {
    for override in local.topology.firestore.fieldOverrides :
    "${override.collectionGroup}.${override.fieldPath}" => override
  }
}

resource "google_firestore_index" "composite" {
  for_each = local.indexes

  project     = var.project
  database    = google_firestore_database.inventory.name
  collection  = each.value.collectionGroup
  query_scope = each.value.queryScope

  dynamic "fields" {
    for_each = each.value.fields

    content {
      field_path   = fields.value.fieldPath
      order        = try(fields.value.order, null)
      array_config = try(fields.value.arrayConfig, null)
    }
  }

  # On much data, an index takes hours. The provider waits for 20 minutes, and then forgets the index, so that the next
  # deployment fails too (409): https://github.com/GoogleCloudPlatform/k8s-config-connector/issues/7656
  timeouts {
    create = "24h"
  }
}

resource "google_firestore_field" "override" {
  for_each = local.field_overrides

  project    = var.project
  database   = google_firestore_database.inventory.name
  collection = each.value.collectionGroup
  field      = each.value.fieldPath

  # A block without indexes exempts the field from Firestore's automatic indexes.
  index_config {
    dynamic "indexes" {
      for_each = each.value.indexes

      content {
        order        = try(indexes.value.order, null)
        array_config = try(indexes.value.arrayConfig, null)
        query_scope  = indexes.value.queryScope
      }
    }
  }

  dynamic "ttl_config" {
    for_each = try(each.value.ttl, false) ? [1] : []
    content {}
  }

  timeouts {
    create = "24h"
    update = "24h"
    delete = "24h"
  }
}
