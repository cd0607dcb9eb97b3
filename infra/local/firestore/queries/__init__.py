"""Queries: parsed (`parse`, `filters`), rejected without an index (`required`), run on indexes (`run`)."""
