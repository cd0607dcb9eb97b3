"""Queries: read (`parse`, `filters`), refused without an index (`required`), run over indexes (`run`)."""
