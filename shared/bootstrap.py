"""The composition root: every adapter is built here, once, at the first request."""
