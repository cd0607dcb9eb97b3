"""Production's rules for the labels of topics and subscriptions.

Source: https://cloud.google.com/resource-manager/docs/labels-overview#requirements
"""

from collections.abc import Mapping
from unicodedata import category

from infra.local.status_errors import InvalidArgument

_MAX_LABELS = 64
_MAX_LENGTH = 63
# Letters of scripts without case are allowed like lower-case ones.
_LETTERS = {"Ll", "Lo"}
_ALLOWED = {*_LETTERS, "Nd", "Nl", "No"}


def check_labels(labels: Mapping[str, str]) -> None:
    """Check labels, as production does.

    Raises:
        InvalidArgument: there are too many labels, or one breaks a rule; the message contains it.
    """
    if len(labels) > _MAX_LABELS:
        raise InvalidArgument(f"A resource may have at most {_MAX_LABELS} labels.")
    for key, value in labels.items():
        if not (key and category(key[0]) in _LETTERS and _is_well_formed(key) and _is_well_formed(value)):
            raise InvalidArgument(
                f"Invalid label given ({key}={value}): keys and values have up to {_MAX_LENGTH} lower-case "
                "letters, numbers, dashes and underscores, and a key begins with a letter."
            )


def _is_well_formed(text: str) -> bool:
    return len(text) <= _MAX_LENGTH and all(
        character in "-_" or category(character) in _ALLOWED for character in text
    )
