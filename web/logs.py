"""Logging: structured events to stderr, JSON or (on a terminal) for people. No patient data goes in.

Events carry opaque ids. As a last net, anything that looks like a CPR number is struck out of every line before it is written.
"""

from __future__ import annotations

import logging
import re
import sys
from typing import TextIO

import structlog

_LOOKS_LIKE_CPR = re.compile(r"(?<![0-9A-Za-z])\d{6}[- ]?\d{4}(?![0-9A-Za-z])")


def configure(stream: TextIO = sys.stderr, level: int = logging.INFO) -> None:
    """Send everything logged in this process, ours and the libraries', to `stream`, one event a line."""
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    renderer: list[structlog.typing.Processor] = (
        [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        if stream.isatty()
        else [structlog.processors.format_exc_info, structlog.processors.JSONRenderer(ensure_ascii=False)]
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        _Struck(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *renderer],
        )
    )
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *shared,
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    # These name addresses with their query strings, rows with their values, and patients' IP addresses.
    for chatty in ("aioice", "aiortc", "httpx", "httpx2", "httpcore", "httpcore2", "aiosqlite", "sqlalchemy.engine"):
        logging.getLogger(chatty).setLevel(logging.WARNING)


def get_logger(name: str) -> structlog.stdlib.BoundLogger:
    """A logger of ours; what it writes goes where `configure` said, at the time of writing."""
    logger: structlog.stdlib.BoundLogger = structlog.stdlib.get_logger(name)
    return logger


class _Struck(structlog.stdlib.ProcessorFormatter):
    """Writes the finished line without anything that looks like a CPR number."""

    def format(self, record: logging.LogRecord) -> str:
        return _LOOKS_LIKE_CPR.sub("••••••-••••", super().format(record))
