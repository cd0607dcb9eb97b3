"""The query parameter `label`: `key=value`, `key` for any value, or `!key` for machines without the label."""

from typing import Annotated, Any

from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from functions.machines.profile import LABEL_KEY, LABEL_VALUE
from shared.domain.machine_filter import LabelSelector


class _Selectors:
    """Reads the parameter, which can be repeated."""

    def __get_pydantic_core_schema__(self, _: type[Any], __: GetCoreSchemaHandler) -> CoreSchema:
        """Return the schema by which pydantic reads the texts."""
        return core_schema.no_info_plain_validator_function(self._read)

    def __get_pydantic_json_schema__(self, _: CoreSchema, __: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Return the JSON schema of the texts."""
        key, value = LABEL_KEY.pattern, LABEL_VALUE.pattern
        selector = {"type": "string", "pattern": f"^(!{key}|{key}(={value})?)$"}
        description = (
            "`key=value`, `key` for any value, or `!key` for machines without it. All must hold. "
            "At least 16 are allowed with a `search`, and more with a short one"
        )
        return {
            "type": "array",
            "items": selector,
            "description": description,
        }

    def _read(self, texts: list[str]) -> tuple[LabelSelector, ...]:
        return tuple(map(_selector, texts))


LabelSelectors = Annotated[tuple[LabelSelector, ...], _Selectors()]


def _selector(text: str) -> LabelSelector:
    absent = text.startswith("!")
    key, equals, value = text.removeprefix("!").partition("=")
    if not LABEL_KEY.fullmatch(key) or not LABEL_VALUE.fullmatch(value) or (absent and equals):
        raise PydanticCustomError("label_selector", "must be key=value, key or !key of a label")
    return LabelSelector(key=key, value=value if equals else None, absent=absent)
