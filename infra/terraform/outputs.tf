output "url" {
  description = "Where the API is served, once the domain points to the address and the certificate is issued."
  value       = "https://${var.domain}"
}

output "address" {
  description = "What the domain's A record must say."
  value       = google_compute_global_address.api.address
}

output "functions" {
  description = "The functions, by their names in the topology."
  value       = { for name, function in google_cloudfunctions2_function.function : name => function.name }
}

output "dashboard" {
  description = "The dashboard in Cloud Monitoring."
  value       = google_monitoring_dashboard.muster.id
}
