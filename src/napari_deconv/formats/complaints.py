"""What reading libraries complain of, gathered instead of printed."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def complaints(*loggers: str) -> Iterator[list[str]]:
    """Return a list that fills with warnings, and with what named loggers say from WARNING up.

    Children of a logger don't show their messages either, for the time.
    """
    said: list[str] = []
    handler = _Handler(said)
    kept = {name: (logging.getLogger(name).propagate, _handlers(name)) for name in loggers}
    with warnings.catch_warnings(record=True) as warned:
        warnings.simplefilter("always")
        for name in loggers:
            logger = logging.getLogger(name)
            logger.handlers, logger.propagate = [handler], False
        try:
            yield said
        finally:
            for name, (propagate, handlers) in kept.items():
                logger = logging.getLogger(name)
                logger.handlers, logger.propagate = handlers, propagate
            said += [str(warning.message) for warning in warned]


def _handlers(name: str) -> list[logging.Handler]:
    return list(logging.getLogger(name).handlers)


class _Handler(logging.Handler):
    """Keeps messages in a list."""

    def __init__(self, said: list[str]) -> None:
        super().__init__(logging.WARNING)
        self._said = said

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a message."""
        self._said.append(record.getMessage())
