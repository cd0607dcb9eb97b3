terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source = "hashicorp/google"
      # Since 6.19, an exemption of all fields of a collection ("*") can also be deleted:
      # https://github.com/hashicorp/terraform-provider-google/issues/20397
      version = "~> 6.50"
    }
  }

  # The bucket is set at init: docs/deploy.md. The state contains names of resources, but no secrets.
  backend "gcs" {
    prefix = "muster"
  }
}

provider "google" {
  project = var.project
  region  = var.region
  # Without this, Google looks for enabled services and quotas in the project of the credentials. For those of the
  # gcloud CLI, that is a project of Google's, and some services then reject calls (`requires a quota project`):
  # https://github.com/hashicorp/terraform-provider-google/blob/main/website/docs/guides/provider_reference.html.markdown
  user_project_override = true
}
