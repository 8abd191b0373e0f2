"""Structured logs: one JSON object a line on standard error."""

import json
import logging
from datetime import UTC, datetime
from typing import Any, Final

LOGGER: Final = "sigmasight.api"
_ENCODER: Final = json.JSONEncoder(ensure_ascii=False, default=str)


class JsonFormatter(logging.Formatter):
    """Writes a record as JSON; what is given as `extra={"fields": {…}}` stands beside the message."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record."""
        line: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "event": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return _ENCODER.encode(line)


def log_fields(logger: logging.Logger, event: str, fields: dict[str, Any]) -> None:
    """Log an event at level info, without looking up which line of code says so: that costs more than writing it."""
    if logger.isEnabledFor(logging.INFO):
        record = logging.LogRecord(logger.name, logging.INFO, "", 0, event, None, None)
        record.fields = fields
        logger.handle(record)


def configure() -> None:
    """Write the API's log to standard error, unless somebody has decided otherwise."""
    logger = logging.getLogger(LOGGER)
    if not logger.handlers:
        handler = logging.StreamHandler()
        handler.setFormatter(JsonFormatter())
        logger.addHandler(handler)
        logger.setLevel(logging.INFO)
