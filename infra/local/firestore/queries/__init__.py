"""Queries: read from the request (`parse`), run over indexes (`run`), and refused without one (`required`)."""
