"""The limit of the size of a page of machines or pools."""

from shared.domain.errors import Fault, Invalid

# The most bytes of a page's documents. As values and as JSON they take several times as much memory: up to
# twelve times, if they have control characters, which JSON escapes. An instance has 512 MiB.
MAX_PAGE_BYTES = 16 * 1024 * 1024


def page_too_large(things: str, parameter: str) -> Invalid:
    """Return the error for a page of more than `MAX_PAGE_BYTES`.

    Args:
        things: what the page has.
        parameter: the query parameter with the page's limit.
    """
    message = f"The {things} are too large for one page: ask for fewer"
    return Invalid([Fault(("query", parameter), "too_large", message)])
