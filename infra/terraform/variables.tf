variable "project" {
  description = "The id of the Google Cloud project."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{4,28}[a-z0-9]$", var.project))
    error_message = "A project id has 6 to 30 lower-case letters, digits and hyphens, and begins with a letter."
  }
}

variable "region" {
  description = "Where the functions run, such as europe-west1."
  type        = string

  validation {
    condition     = can(regex("^[a-z]+-[a-z]+[0-9]+$", var.region))
    error_message = "A region is named like europe-west1; a zone such as europe-west1-b is none."
  }
}

variable "domain" {
  description = "The host name that the API is served on, such as inventory.example.com."
  type        = string

  validation {
    condition     = can(regex("^([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\\.)+[a-z]{2,63}$", var.domain))
    error_message = "The domain is a full host name in lower case, without a scheme, a port or a path."
  }
}

variable "archive" {
  description = "The archive that python -m infra.package has built."
  type        = string
  default     = "../../.local/muster.zip"

  validation {
    condition     = fileexists(var.archive)
    error_message = "There is no archive: build it with python -m infra.package."
  }
}

variable "firestore_location" {
  description = "Where the database is: a region, or the multi-regions eur3 and nam5. It can never be changed. Default: the region."
  type        = string
  default     = null
}

variable "database" {
  description = "The id of the Firestore database."
  type        = string
  default     = "(default)"

  validation {
    condition     = var.database == "(default)" || can(regex("^[a-z][a-z0-9-]{2,61}[a-z0-9]$", var.database))
    error_message = "A database id is (default), or has 4 to 63 lower-case letters, digits and hyphens."
  }
}

variable "protect_data" {
  description = "Whether the database and the audit tables cannot be deleted, by Terraform or by anybody, until this is false."
  type        = bool
  default     = true
}

variable "backup_days" {
  description = "For how many days daily backups of the database are kept."
  type        = number
  default     = 14

  validation {
    condition     = var.backup_days >= 1 && var.backup_days <= 98 && floor(var.backup_days) == var.backup_days
    error_message = "Firestore keeps a backup for 1 to 98 days."
  }
}

variable "runtime" {
  description = "The Cloud Run functions runtime. The tests run on Python 3.11."
  type        = string
  default     = "python311"

  validation {
    condition     = contains(["python311", "python312", "python313"], var.runtime)
    error_message = "Muster needs Python 3.11 or newer: python311, python312 or python313."
  }
}

variable "errors_base_url" {
  description = "What the type of every problem (RFC 9457) begins with."
  type        = string
  default     = "https://api.example.com/errors"

  validation {
    condition     = can(regex("^https://[^/]+(/.*[^/])?$", var.errors_base_url))
    error_message = "The base is an https URL without a slash at its end."
  }
}

variable "requests_per_minute" {
  description = "How many requests a minute one address may make to each HTTP function. Machines behind one NAT gateway share an address."
  type        = number
  default     = 6000

  validation {
    condition     = var.requests_per_minute >= 1 && var.requests_per_minute <= 1000000
    error_message = "Cloud Armor takes thresholds from 1 to 1,000,000."
  }
}

variable "alert_emails" {
  description = "Who is told when something is wrong."
  type        = set(string)
  default     = []

  validation {
    condition     = alltrue([for email in var.alert_emails : can(regex("^[^@\\s]+@[^@\\s]+$", email))])
    error_message = "Each is an e-mail address."
  }
}

variable "keep_events" {
  description = "Whether BigQuery keeps every event, for audit."
  type        = bool
  default     = false
}
