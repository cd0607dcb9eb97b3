"""Structured logs: one JSON object a line for Cloud Logging, readable lines on a terminal.

https://cloud.google.com/logging/docs/structured-logging#structured_logging_special_fields
"""

import json
import logging
import os
import sys
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

REQUEST_ID: ContextVar[str | None] = ContextVar("REQUEST_ID", default=None)
"""The request that is being served; every entry that is written meanwhile carries it."""

_LOGGER = logging.getLogger("muster")
_encode = json.JSONEncoder(default=str).encode
_COLOURS = {"DEBUG": 90, "INFO": 32, "WARNING": 33, "ERROR": 31, "CRITICAL": 31}


@dataclass(frozen=True)
class Trace:
    """The trace that a request is a part of, in hex as W3C has it."""

    trace_id: str
    span_id: str | None
    sampled: bool

    def fields(self, project: str) -> dict[str, Any]:
        """Name the trace as Cloud Logging wants it."""
        fields: dict[str, Any] = {
            "logging.googleapis.com/trace": f"projects/{project}/traces/{self.trace_id}",
            "logging.googleapis.com/trace_sampled": self.sampled,
        }
        if self.span_id is not None:
            fields["logging.googleapis.com/spanId"] = self.span_id
        return fields


def configure() -> None:
    """Send all logging of this process to standard output: in colour on a terminal or under FORCE_COLOR."""
    readable = sys.stdout.isatty() or bool(os.environ.get("FORCE_COLOR"))
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_TerminalFormatter() if readable else _JsonFormatter())
    logging.root.handlers = [handler]
    # Nobody is told of these: https://docs.python.org/3/howto/logging.html#optimization
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging.root.setLevel(logging.WARNING)
    _LOGGER.setLevel(logging.INFO)


def log(
    severity: int, message: str, fields: Mapping[str, Any], *, error: BaseException | None = None
) -> None:
    """Write one entry.

    Args:
        severity: a level of the logging module.
        message: the line that people read first.
        fields: what programs search for.
        error: an error to show with its traceback.
    """
    _LOGGER.log(severity, message, extra={"fields": fields}, exc_info=error)


class _JsonFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "severity": record.levelname,
            "message": record.getMessage(),
            "request_id": REQUEST_ID.get(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return _encode(entry)


class _TerminalFormatter(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = {"request_id": REQUEST_ID.get(), **getattr(record, "fields", {})}
        details = " ".join(f"{name}={value}" for name, value in fields.items() if "/" not in name)
        line = f"\033[{_COLOURS[record.levelname]}m{record.getMessage()}\033[0m \033[90m{details}\033[0m"
        if record.exc_info:
            line += "\n" + self.formatException(record.exc_info)
        return line
