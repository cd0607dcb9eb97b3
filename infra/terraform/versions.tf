terraform {
  required_version = ">= 1.9"

  required_providers {
    google = {
      source = "hashicorp/google"
      # From 6.19 on, an exemption of all fields of a collection ("*") can be deleted too:
      # https://github.com/hashicorp/terraform-provider-google/issues/20397
      version = "~> 6.50"
    }
  }

  # The bucket is named at init: docs/deploy.md. The state names resources and holds no secret.
  backend "gcs" {
    prefix = "muster"
  }
}

provider "google" {
  project = var.project
  region  = var.region
}
