"""The OpenAPI document as one HTML page without scripts and external resources."""

import json
import re
from collections.abc import Iterator
from html import escape
from pathlib import Path

from infra.openapi.schemas import Json

_STYLE = Path(__file__).with_name("style.css")


def render(document: Json) -> str:
    """Return the page."""
    return "\n".join(_Page(document).lines()) + "\n"


class _Page:
    """Renders the parts of a document."""

    def __init__(self, document: Json) -> None:
        self._document = document

    def lines(self) -> Iterator[str]:
        info = self._document["info"]
        title = f"{escape(info['title'])} API {escape(info['version'])}"
        yield f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>'
        yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
        yield f"<style>{_STYLE.read_text()}</style>"
        yield f"<header><h1>{title}</h1><p>{escape(info['summary'])}. For programs:"
        yield '<a href="/openapi.json">openapi.json</a>.</p></header>'
        yield from self._contents()
        yield "<main>"
        for paragraph in info["description"].strip().split("\n\n"):
            yield f"<p>{_text(paragraph)}</p>"
        yield "<pre>Authorization: Bearer &lt;api key&gt;</pre>"
        for tag in self._document["tags"]:
            yield f'<h2 id="{tag["name"]}">{tag["name"].capitalize()}</h2><p>{_text(tag["description"])}</p>'
            for path, method, operation in self._operations(tag["name"]):
                yield from self._operation(path, method, operation)
        yield '<h2 id="schemas">Schemas</h2>'
        for name, schema in sorted(self._document["components"]["schemas"].items()):
            yield from _schema(name, schema)
        yield "</main></html>"

    def _operations(self, tag: str) -> Iterator[tuple[str, str, Json]]:
        for path, methods in self._document["paths"].items():
            for method, operation in methods.items():
                if tag in operation["tags"]:
                    yield path, method, operation

    def _contents(self) -> Iterator[str]:
        yield "<nav>"
        for tag in self._document["tags"]:
            name = tag["name"]
            yield f'<a class="group" href="#{name}">{name.capitalize()}</a>'
            for _, method, operation in self._operations(name):
                target = operation["operationId"]
                yield f'<a href="#{target}">{_method(method)}{target.replace("_", " ")}</a>'
        yield '<a class="group" href="#schemas">Schemas</a></nav>'

    def _operation(self, path: str, method: str, operation: Json) -> Iterator[str]:
        yield f'<section id="{operation["operationId"]}">'
        yield f"<h3>{_method(method)}<code>{_path(path)}</code></h3>"
        yield f"<p>{_text(operation['summary'])}. {_text(operation.get('description', ''))}</p>"
        parameters = [self._resolved(parameter) for parameter in operation.get("parameters", ())]
        if parameters:
            yield "<table><tr><th>Parameter<th>In<th>Value<th>"
            for parameter in parameters:
                required = "" if parameter["in"] == "path" or not parameter.get("required") else " (required)"
                yield f"<tr><td><code>{escape(parameter['name'])}</code>{required}<td>{parameter['in']}"
                yield f"<td>{_value(parameter['schema'])}<td>{_text(parameter.get('description', ''))}"
            yield "</table>"
        if "requestBody" in operation:
            yield f"<p><b>Body</b> {_content(operation['requestBody'])}</p>"
        yield "<table><tr><th>Answer<th><th>Body<th>Headers"
        for status, response in operation["responses"].items():
            yield f'<tr><td class="s{status[0]}">{status}<td>{escape(response["description"])}'
            yield f"<td>{_content(response)}<td>{self._headers(response)}"
        yield "</table></section>"

    def _headers(self, response: Json) -> str:
        names = [name for name in response["headers"] if name not in {"X-Request-Id", "X-API-Version"}]
        return ", ".join(f"<code>{escape(name)}</code>" for name in names)

    def _resolved(self, described: Json) -> Json:
        while "$ref" in described:
            _, *steps = described["$ref"].split("/")
            found: Json = self._document
            for step in steps:
                found = found[step]
            described = found
        return described


def _schema(name: str, schema: Json) -> Iterator[str]:
    yield f'<section id="{name}"><h3>{name}</h3><p>{_text(schema.get("description", ""))}</p>'
    if "properties" in schema:
        yield "<table><tr><th>Field<th>Value<th>"
        for field, value in schema["properties"].items():
            optional = "" if field in schema.get("required", ()) else ' <span class="quiet">optional</span>'
            yield f"<tr><td><code>{escape(field)}</code>{optional}"
            yield f"<td>{_value(value)}<td>{_text(_description(value))}"
        yield "</table>"
    else:
        yield f"<p>{_value(schema)}</p>"
    yield "</section>"


def _description(schema: Json) -> str:
    """Return the description of a schema, or of its first alternative with one."""
    found = [part["description"] for part in (schema, *schema.get("anyOf", ())) if "description" in part]
    return next(iter(found), "")


def _content(described: Json) -> str:
    return "<br>".join(
        f'{_value(media["schema"])} <span class="quiet">{escape(media_type)}</span>'
        for media_type, media in described.get("content", {}).items()
    )


def _value(schema: Json) -> str:
    """Return a short description of the values that a schema accepts."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f'<a href="#{name}">{name}</a>'
    if "anyOf" in schema:
        return " or ".join(map(_value, schema["anyOf"]))
    if "enum" in schema or "const" in schema:
        values = schema["enum"] if "enum" in schema else [schema["const"]]
        return " or ".join(f"<code>{escape(json.dumps(value))}</code>" for value in values)
    if schema.get("type") == "array":
        return f"array of {_value(schema['items'])}{_limits(schema)}"
    if schema.get("format") == "binary":
        return _text(schema["description"])
    return f"{escape(schema.get('format') or schema['type'])}{_limits(schema)}"


def _limits(schema: Json) -> str:
    """Return a schema's ranges and default, and its pattern to expand."""
    parts = [
        _range(schema, "minimum", "maximum", ""),
        _range(schema, "minLength", "maxLength", " characters"),
        _range(schema, "minItems", "maxItems", " items"),
        _range(schema, "minProperties", "maxProperties", " entries"),
    ]
    if "default" in schema:
        parts.append(f"default {json.dumps(schema['default'])}")
    shown = escape(", ".join(part for part in parts if part))
    pattern = schema.get("pattern")
    if pattern:
        shown += f' <details><summary class="quiet">pattern</summary><code>{escape(pattern)}</code></details>'
    return f' <span class="quiet">{shown}</span>' if shown else ""


def _range(schema: Json, least: str, most: str, unit: str) -> str:
    low, high = schema.get(least), schema.get(most)
    if low is None:
        return "" if high is None else f"at most {high}{unit}"
    return f"at least {low}{unit}" if high is None else f"{low}..{high}{unit}"


def _method(method: str) -> str:
    return f'<span class="method {method}">{method.upper()}</span>'


def _path(path: str) -> str:
    return re.sub(r"{\w+}", lambda match: f"<i>{match[0]}</i>", escape(path))


def _text(markdown: str) -> str:
    """Return Markdown as HTML; the only supported markup is inline code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", escape(markdown, quote=False))
