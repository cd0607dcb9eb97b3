"""The OpenAPI document as one page of HTML that needs no script and nothing from elsewhere."""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

Json = dict[str, Any]

_STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; color: #222 }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
summary { cursor: pointer; padding: .4rem 0 }
details { border-bottom: 1px solid #ddd }
details > *:not(summary) { margin-left: 1.5rem }
code, pre { font: 14px/1.4 ui-monospace, monospace }
pre { background: #f6f6f6; padding: .75rem; overflow-x: auto }
table { border-collapse: collapse }
td, th { text-align: left; vertical-align: top; padding: .2rem .8rem .2rem 0 }
.method { display: inline-block; min-width: 4.5rem; font-weight: 600; color: #06c }
@media (prefers-color-scheme: dark) {
  body { background: #181818; color: #ddd }
  pre { background: #222 }
  details { border-color: #333 }
  .method { color: #6af }
}
"""


def render(document: Json) -> str:
    """Write the page."""
    return "\n".join(_page(document)) + "\n"


def _page(document: Json) -> Iterator[str]:
    info = document["info"]
    yield "<!doctype html>"
    yield f'<html lang="en"><meta charset="utf-8"><title>{escape(info["title"])} API</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{_STYLE}</style>"
    yield f"<h1>{escape(info['title'])} API {escape(info['version'])}</h1>"
    yield f"<p>{escape(info['description'])}"
    yield "Every call needs <code>Authorization: Bearer &lt;api key&gt;</code>."
    yield 'The same as a document for programs: <a href="/openapi.json">openapi.json</a>.</p>'
    yield "<h2>Operations</h2>"
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield from _operation(path, method, operation)
    yield "<h2>Schemas</h2>"
    for name, schema in sorted(document["components"]["schemas"].items()):
        yield f'<details id="{escape(name)}"><summary><code>{escape(name)}</code></summary>'
        yield f"<pre>{escape(json.dumps(schema, indent=2))}</pre></details>"
    yield "</html>"


def _operation(path: str, method: str, operation: Json) -> Iterator[str]:
    yield f'<details id="{escape(operation["operationId"])}"><summary>'
    yield f'<span class="method">{method.upper()}</span>'
    yield f"<code>{escape(path)}</code> {escape(operation['summary'])}</summary>"
    yield f"<p>{escape(operation['description'])}</p>"
    if operation["parameters"]:
        yield "<table><tr><th>Parameter<th>in<th>Schema"
        for parameter in operation["parameters"]:
            yield f"<tr><td><code>{escape(parameter['name'])}</code><td>{parameter['in']}"
            yield f"<td><code>{escape(json.dumps(parameter['schema']))}</code>"
        yield "</table>"
    if "requestBody" in operation:
        yield f"<p>Body: {_content(operation['requestBody'])}</p>"
    yield "<table><tr><th>Answer<th>&nbsp;<th>Body"
    for status, response in operation["responses"].items():
        yield f"<tr><td>{status}<td>{escape(response['description'])}<td>{_content(response)}"
    yield "</table></details>"


def _content(described: Json) -> str:
    return ", ".join(
        f"{_link(media['schema'])} as <code>{escape(media_type)}</code>"
        for media_type, media in described.get("content", {}).items()
    )


def _link(schema: Json) -> str:
    name = escape(schema["$ref"].rpartition("/")[2])
    return f'<a href="#{name}">{name}</a>'
