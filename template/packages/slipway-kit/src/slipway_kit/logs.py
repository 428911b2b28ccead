"""Logs: a JSON object or coloured text a line, for the service, the server and libraries alike."""

import json
import logging
import logging.config
import os
import sys
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Annotated, Any, ClassVar

import orjson
import structlog
from pydantic import Field
from structlog.typing import EventDict, FilteringBoundLogger, Processor

from .correlation import correlation_id
from .redaction import REDACTED, Redactor
from .settings_group import CaseInsensitiveEnum, CsvTuple, SettingsGroup

# The request's own line says more than these, and says it once.
QUIET = ("uvicorn.access", "httpx", "httpx2", "httpcore", "httpcore2", "asyncio")

_OWN = {"handlers", "loggers", "root"}
_OF_EACH_LINE = {"timestamp", "level", "logger", "event", "correlation_id", "exception"}
_ESCAPES = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))}
_ESCAPES |= {ord(char): repr(char)[1:-1] for char in "\n\r\t\u2028\u2029"}
_LEVELS = {"warn": "warning", "exception": "error"}  # the methods that are not named for theirs


class Level(CaseInsensitiveEnum):
    """Minimum log levels."""

    DEBUG = "debug"
    INFO = "info"
    WARNING = "warning"
    ERROR = "error"


class Format(CaseInsensitiveEnum):
    """How a line is written."""

    JSON = "json"
    TEXT = "text"


class LogSettings(SettingsGroup):
    """Logs."""

    log_level: Annotated[
        Level, Field(description="Minimum log level: debug, info, warning or error.")
    ] = Level.INFO
    log_format: Annotated[
        Format | None,
        Field(description="json or text; unset: text in development, json elsewhere."),
    ] = None
    request_log_enabled: Annotated[bool, Field(description="Log a line for each request.")] = True
    slow_request_ms: Annotated[
        float, Field(description="Milliseconds from which a request is logged as a warning.", gt=0)
    ] = 1000.0
    redact_keys: Annotated[
        CsvTuple,
        Field(description="Further names whose values are never logged, separated by commas."),
    ] = ()

    def production_issues(self) -> list[str]:
        """Return what must not be so in production."""
        if self.log_level is Level.DEBUG:
            return ["LOG_LEVEL: is debug, at which libraries log data of users"]
        return []


def configure(
    level: Level,
    log_format: Format,
    redactor: Redactor,
    *fields: Processor,
    own: Mapping[str, Any] = MappingProxyType({}),
) -> None:
    """Send every line of this process through one pipe to standard output.

    Lines come from structlog, as the line of each request does, or from the standard library's
    logging, as those of the server and of libraries do; both ways end in the same processors.

    Args:
        level: The minimum log level.
        log_format: How a line is written.
        redactor: What knows the names of secrets.
        fields: Processors that add fields of their own to each line.
        own: Loggers and handlers of the team's, as of logging.config.dictConfig.
    """
    redact_records(redactor)
    ending = _as_json() if log_format is Format.JSON else _as_text()
    structlog.configure(
        processors=[_headed, *fields, _Redaction(redactor), *ending],
        logger_factory=structlog.BytesLoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(level.value),
        cache_logger_on_first_use=False,
    )
    root = logging.getLogger()
    root.setLevel(level.value.upper())
    for logger in _loggers():
        if logger.handlers:
            logger.handlers = []
            logger.propagate = True
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)
    if own.keys() & _OWN:
        logging.config.dictConfig({"disable_existing_loggers": False, **own})
    formatter = _Formatter([_headed, *fields, *ending])
    # Others' handlers stay, like those with which test runners look at logs.
    others = [each for each in root.handlers if type(each) is not logging.StreamHandler]
    handler = logging.StreamHandler(sys.stdout)
    root.handlers = [*others, handler]
    # What a team's loggers write to a terminal or a container's log has the same format.
    theirs = [each for logger in _loggers() for each in logger.handlers]
    for each in [handler, *theirs]:
        if type(each) is logging.StreamHandler:
            each.addFilter(_redacted)
            each.setFormatter(formatter)


def _loggers() -> list[logging.Logger]:
    return [logging.getLogger(name) for name in list(logging.root.manager.loggerDict)]


class RedactedRecord(logging.LogRecord):
    """A log record without secrets, for every handler of this process.

    The message is redacted when a formatter gets it, fields and traceback at once. `exc_text` is
    the redacted traceback; `exc_info` stays the exception as it was raised, to be reported.

    Args:
        record: The record as it was made.
    """

    redactor: ClassVar[Redactor] = Redactor()

    def __init__(self, record: logging.LogRecord) -> None:
        # Loggers write what a call passes as `extra` into this mapping, not by attributes.
        self.__dict__ = _Fields()
        self.__dict__.update(record.__dict__)
        if isinstance(self.args, Mapping):
            self.args = self.redactor.value(self.args, texts=True)
        if isinstance(self.msg, Mapping):
            self.msg = self.redactor.value(self.msg, texts=True)
        if self.exc_info and not self.exc_text:
            self.exc_text = self.redactor.text(logging.Formatter().formatException(self.exc_info))

    def getMessage(self) -> str:  # noqa: N802 -- the standard library's name
        """Return the message without the secrets that it names."""
        return self.redactor.text(super().getMessage())


_OF_EACH_RECORD = frozenset(vars(logging.LogRecord("", 0, "", 0, "", (), None)))
# With what formatters add, and what uvicorn writes a second time, for a terminal.
_NO_FIELDS = _OF_EACH_RECORD | {"asctime", "color_message", "message"}


class _Fields(dict[str, Any]):
    """The attributes of a record: what a call or a library adds to them is redacted."""

    def __setitem__(self, name: str, value: Any) -> None:
        redactor = RedactedRecord.redactor
        try:
            if name in {"exc_text", "stack_info"}:
                value = value and redactor.text(value)
            elif name not in _OF_EACH_RECORD:
                value = REDACTED if redactor.is_secret(name) else redactor.value(value, texts=True)
        except Exception:  # noqa: BLE001 -- a value that cannot be written must not end its caller
            value = REDACTED
        super().__setitem__(name, value)

    def update(self, fields: Mapping[str, Any]) -> None:  # type: ignore[override] # for logging
        """Set attributes, as logging does with those of another process."""
        for name, value in fields.items():
            self[name] = value

    def __reduce__(self) -> tuple[type[dict[str, Any]], tuple[dict[str, Any]]]:
        return dict, (dict(self),)  # a copy needs no second look


class _Formatter(logging.Formatter):
    """Formats a redacted record by the processors of structlog's own lines."""

    def __init__(self, processors: Iterable[Processor]) -> None:
        super().__init__()
        self._processors = tuple(processors)

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        fields = vars(record)
        event: Any = {
            f"extra_{key}" if key in _OF_EACH_LINE else key: fields[key]
            for key in fields
            if key not in _NO_FIELDS
        }
        event |= {"logger": record.name, "event": record.getMessage()}
        if record.exc_text:
            event["exception"] = record.exc_text
        if record.stack_info:
            event["stack_info"] = record.stack_info
        for process in self._processors:
            event = process(None, record.levelname.lower(), event)
        return str(event.decode())


def redact_records(redactor: Redactor) -> None:
    """Let every handler of this process receive redacted records, also one that is added later."""
    RedactedRecord.redactor = redactor
    make = logging.getLogRecordFactory()
    if not isinstance(make("", logging.INFO, "", 0, "", (), None), RedactedRecord):
        logging.setLogRecordFactory(lambda *args, **more: RedactedRecord(make(*args, **more)))


def _redacted(record: logging.LogRecord) -> logging.LogRecord:
    # A library may have made the record without the factory.
    return record if isinstance(record, RedactedRecord) else RedactedRecord(record)


def get_logger(name: str) -> FilteringBoundLogger:
    """Return a structlog logger whose lines carry its name, for use after configure."""
    logger: FilteringBoundLogger = structlog.get_logger().bind(logger=name)
    return logger


def get_request_logger(names: Iterable[str]) -> FilteringBoundLogger:
    """Return the logger of the requests' lines, for use after configure.

    Their values are plain or redacted already: they are read again, at 45 µs a line, only where one
    of the names is secret.

    Args:
        names: The names of a line's fields.
    """
    settings = structlog.get_config()
    known = tuple(names)
    logger: FilteringBoundLogger = structlog.wrap_logger(
        settings["logger_factory"](),
        processors=[
            each
            for each in settings["processors"]
            if not isinstance(each, _Redaction) or any(map(each.redactor.is_secret, known))
        ],
        wrapper_class=settings["wrapper_class"],
    ).bind(logger="access")
    return logger


class _Redaction:
    """A processor that replaces what is secret."""

    def __init__(self, redactor: Redactor) -> None:
        self.redactor = redactor

    def __call__(self, _: object, __: str, event: EventDict) -> EventDict:
        is_secret = self.redactor.is_secret
        for key, value in event.items():
            if key == "exc_info":
                continue  # made into text in the end
            if is_secret(key):
                event[key] = REDACTED
            else:
                event[key] = self.redactor.value(value, texts=True)
        if "exc_info" in event:
            event = structlog.processors.format_exc_info(_, __, event)
            if "exception" in event:
                event["exception"] = self.redactor.text(event["exception"])
        return event


def _headed(_: object, method: str, event: EventDict) -> EventDict:
    # One processor, not one for each: every line of every request passes here.
    head = {
        "timestamp": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        "level": _LEVELS.get(method, method),
        "logger": event.pop("logger", None),
        "event": event.pop("event", None),
        "correlation_id": correlation_id.get() or None,
    }
    return {**head, **event, **head}  # in this order, and not to be overwritten


def _as_json() -> list[Processor]:
    return [structlog.processors.format_exc_info, _to_json]


def _to_json(_: object, __: str, event: EventDict) -> bytes:
    try:
        line = orjson.dumps(event, default=str, option=orjson.OPT_NON_STR_KEYS)
    except TypeError:  # a number of more than 64 bits, or half a character
        line = json.dumps(event, default=str, skipkeys=True).encode()
    # Some readers of logs end a line at these characters, too.
    if b"\xe2\x80" in line:
        line = line.replace(b"\xe2\x80\xa8", b"\\u2028").replace(b"\xe2\x80\xa9", b"\\u2029")
    return line


def _as_text() -> list[Processor]:
    colors = sys.stdout.isatty() or "FORCE_COLOR" in os.environ
    console = structlog.dev.ConsoleRenderer(colors=colors, sort_keys=False)

    def to_text(logger: Any, name: str, event: EventDict) -> bytes:
        return str(console(logger, name, event)).encode(errors="backslashreplace")

    return [structlog.processors.format_exc_info, _escaped, to_text]


def _escaped(_: object, __: str, event: EventDict) -> EventDict:
    # Whatever came from outside stays on its line; a traceback's lines are all indented.
    for key, value in event.items():
        if isinstance(value, str):
            if key == "exception":
                lines = (line.translate(_ESCAPES) for line in value.split("\n"))
                event[key] = "\n".join(f"    {line}" for line in lines)
            else:
                event[key] = value.translate(_ESCAPES)
    return event
