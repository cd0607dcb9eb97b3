"""The OpenAPI document and its page, made from the operations that the functions serve."""
