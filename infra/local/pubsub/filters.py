"""The language of subscription filters on a message's attributes.

    expression = term {"AND" term} | term {"OR" term}
    term       = ["NOT" | "-"] ("(" expression ")" | match)
    match      = "attributes" ":" key
               | "attributes" "." key ("=" | "!=") string
               | "hasPrefix" "(" "attributes" "." key "," string ")"
    key        = identifier | string

Parentheses are required to combine AND and OR. Source:
https://cloud.google.com/pubsub/docs/subscription-message-filter
"""

import ast
import re
from collections.abc import Callable, Mapping

from infra.local.status_errors import InvalidArgument

Attributes = Mapping[str, str]
Filter = Callable[[Attributes], bool]

_MAX_BYTES = 256
_ESCAPE = r"""\\(?:["'\\abfnrtv]|[0-7]{1,3}|x[0-9A-Fa-f]{2}|u[0-9A-Fa-f]{4}|U[0-9A-Fa-f]{8})"""
_STRING = rf'"(?:[^"\\\n]|{_ESCAPE})*"'
_TOKEN = re.compile(rf"\s*(?:([A-Za-z0-9_][A-Za-z0-9_-]*)|({_STRING})|(!=|[-=:.,()]))")


def parse(expression: str) -> Filter:
    """Return a function that decides whether attributes match.

    Args:
        expression: The filter; an empty one matches everything.

    Raises:
        InvalidArgument: the expression is longer than 256 bytes, or its syntax is invalid.
    """
    if not expression:
        return _everything
    if len(expression.encode()) > _MAX_BYTES:
        raise InvalidArgument(f"Invalid filter given: it is longer than {_MAX_BYTES} bytes.")
    parser = _Parser(expression)
    matches = parser.expression()
    parser.expect("")
    return matches


def _everything(_: Attributes) -> bool:
    return True


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = _tokenize(text)
        self._position = 0

    def expression(self) -> Filter:
        terms = [self._term()]
        operator = self._peek()
        if operator in {"AND", "OR"}:
            while self._accept(operator):
                terms.append(self._term())
            if self._peek() in {"AND", "OR"}:
                raise self._error("AND and OR need parentheses to be combined")
        if len(terms) == 1:
            return terms[0]
        combine = all if operator == "AND" else any
        return lambda attributes: combine(term(attributes) for term in terms)

    def expect(self, token: str) -> None:
        if not self._accept(token):
            raise self._error(f"expected {token or 'the end'}")

    def _term(self) -> Filter:
        if self._accept("NOT") or self._accept("-"):
            negated = self._term()
            return lambda attributes: not negated(attributes)
        if self._accept("("):
            inner = self.expression()
            self.expect(")")
            return inner
        if self._accept("hasPrefix"):
            return self._has_prefix()
        return self._match()

    def _has_prefix(self) -> Filter:
        for token in ("(", "attributes", "."):
            self.expect(token)
        key = self._key()
        self.expect(",")
        prefix = self._string()
        self.expect(")")
        return lambda attributes: key in attributes and attributes[key].startswith(prefix)

    def _match(self) -> Filter:
        self.expect("attributes")
        if self._accept(":"):
            present = self._key()
            return lambda attributes: present in attributes
        self.expect(".")
        key = self._key()
        if self._accept("!="):
            unwanted = self._string()
            return lambda attributes: key not in attributes or attributes[key] != unwanted
        self.expect("=")
        value = self._string()
        return lambda attributes: key in attributes and attributes[key] == value

    def _key(self) -> str:
        token = self._peek()
        if token.startswith('"'):
            return self._string()
        if not re.match(r"\w", token):
            raise self._error("expected an attribute's key")
        self._position += 1
        return token

    def _string(self) -> str:
        token = self._peek()
        if not token.startswith('"'):
            raise self._error("expected a string in double quotes")
        self._position += 1
        try:
            return str(ast.literal_eval(token))  # the escapes are Python's
        except (SyntaxError, ValueError):  # a code point that does not exist
            raise self._error(f"bad escape in {token}") from None

    def _peek(self) -> str:
        return self._tokens[self._position] if self._position < len(self._tokens) else ""

    def _accept(self, token: str) -> bool:
        if self._peek() != token:
            return False
        self._position += 1
        return True

    def _error(self, what: str) -> InvalidArgument:
        return InvalidArgument(f"Invalid filter given (filter={self._text}): {what}, at {self._peek()!r}.")


def _tokenize(text: str) -> list[str]:
    tokens = []
    position = 0
    text = text.rstrip()
    while position < len(text):
        match = _TOKEN.match(text, position)
        if match is None:
            raise InvalidArgument(
                f"Invalid filter given (filter={text}): unexpected {text[position:].strip()[:1]!r}."
            )
        tokens.append(match[match.lastindex or 0])
        position = match.end()
    return tokens
