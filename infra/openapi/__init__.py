"""The OpenAPI document and its page, generated from the functions' operations."""
