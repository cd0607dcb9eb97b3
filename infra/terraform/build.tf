# The build of the functions: a bucket with the sources, and an account that can only build.

resource "google_storage_bucket" "sources" {
  # checkov:skip=CKV_GCP_62:its content is in the repository; the audit log shows who changes it
  # checkov:skip=CKV_GCP_78:an archive can be rebuilt byte for byte from its commit, so no versions need to be kept
  project                     = var.project
  name                        = "${var.project}-muster-sources"
  location                    = var.region
  labels                      = local.labels
  uniform_bucket_level_access = true
  public_access_prevention    = "enforced"
  force_destroy               = true

  depends_on = [google_project_service.service]
}

# Its name contains its digest, so the same archive is the same object, and deploys nothing.
resource "google_storage_bucket_object" "archive" {
  bucket       = google_storage_bucket.sources.name
  name         = "muster-${filesha256(var.archive)}.zip"
  source       = var.archive
  content_type = "application/zip"

  # The functions refer to the new object before the old one is deleted.
  lifecycle {
    create_before_destroy = true
  }
}

resource "google_artifact_registry_repository" "images" {
  # checkov:skip=CKV_GCP_84:Google-managed keys encrypt the images, which hold published code and no data
  project       = var.project
  location      = var.region
  repository_id = "muster"
  description   = "The functions' images, built by Cloud Build."
  format        = "DOCKER"
  labels        = local.labels

  cleanup_policies {
    id     = "keep-the-last"
    action = "KEEP"

    most_recent_versions {
      keep_count = 5
    }
  }

  cleanup_policies {
    id     = "delete-the-old"
    action = "DELETE"

    condition {
      older_than = "2592000s"
    }
  }

  depends_on = [google_project_service.service]
}

resource "google_service_account" "build" {
  project      = var.project
  account_id   = "muster-build"
  display_name = "Muster: builds the functions"

  depends_on = [google_project_service.service]
}

# https://cloud.google.com/functions/docs/securing/build-custom-sa
resource "google_project_iam_member" "build_logs" {
  project = var.project
  role    = "roles/logging.logWriter"
  member  = google_service_account.build.member
}

resource "google_artifact_registry_repository_iam_member" "build_images" {
  project    = var.project
  location   = var.region
  repository = google_artifact_registry_repository.images.name
  role       = "roles/artifactregistry.writer"
  member     = google_service_account.build.member
}

# Cloud Functions copies the archive into its own bucket, and builds from there.
resource "google_project_iam_member" "build_sources" {
  project = var.project
  role    = "roles/storage.objectViewer"
  member  = google_service_account.build.member

  condition {
    title = "sources-of-functions"
    expression = join(" || ", [
      for bucket in [google_storage_bucket.sources.name, "gcf-v2-sources-${data.google_project.this.number}-${var.region}"] :
      "resource.name == \"projects/_/buckets/${bucket}\" || resource.name.startsWith(\"projects/_/buckets/${bucket}/\")"
    ])
  }
}
