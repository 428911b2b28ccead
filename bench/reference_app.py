"""What teams write otherwise: FastAPI with five middlewares on BaseHTTPMiddleware.

Each is written as tutorials write it, one class a job: correlation identifier, access log in JSON
through the standard library's logging, time taken, security headers, rate limit in memory.
"""

import json
import logging
import sys
import time
import uuid
from collections import defaultdict
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import ClassVar

from fastapi import FastAPI
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from bench.endpoint import read_sensor

correlation_id: ContextVar[str] = ContextVar("correlation_id", default="-")


class JsonFormatter(logging.Formatter):
    """Formats a record as a JSON object."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": record.getMessage(),
            "correlation_id": correlation_id.get(),
            **getattr(record, "fields", {}),
        }
        return json.dumps(line)


logger = logging.getLogger("access")
logger.setLevel(logging.INFO)
handler = logging.StreamHandler(sys.stdout)
handler.setFormatter(JsonFormatter())
logger.addHandler(handler)


class CorrelationIdMiddleware(BaseHTTPMiddleware):
    """Takes or makes the request's identifier."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Serve a request."""
        identifier = request.headers.get("X-Correlation-ID") or str(uuid.uuid4())
        request.state.correlation_id = identifier
        token = correlation_id.set(identifier)
        try:
            response = await call_next(request)
        finally:
            correlation_id.reset(token)
        response.headers["X-Correlation-ID"] = identifier
        return response


class RequestLoggingMiddleware(BaseHTTPMiddleware):
    """Logs each request."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Serve a request."""
        started = time.perf_counter()
        response = await call_next(request)
        logger.info(
            "request",
            extra={
                "fields": {
                    "method": request.method,
                    "path": request.url.path,
                    "query": request.url.query,
                    "status_code": response.status_code,
                    "duration_ms": round((time.perf_counter() - started) * 1000, 2),
                    "client_ip": request.client.host if request.client else None,
                    "user_agent": request.headers.get("user-agent"),
                }
            },
        )
        return response


class TimingMiddleware(BaseHTTPMiddleware):
    """Says how long a request took."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Serve a request."""
        started = time.perf_counter()
        response = await call_next(request)
        response.headers["X-Process-Time"] = f"{(time.perf_counter() - started) * 1000:.2f}ms"
        return response


class SecurityHeadersMiddleware(BaseHTTPMiddleware):
    """Adds security headers."""

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Serve a request."""
        response = await call_next(request)
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        response.headers["X-XSS-Protection"] = "0"
        response.headers["Referrer-Policy"] = "strict-origin-when-cross-origin"
        response.headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
        response.headers["Content-Security-Policy"] = "default-src 'none'; frame-ancestors 'none'"
        return response


class RateLimitMiddleware(BaseHTTPMiddleware):
    """Limits each client in a fixed window of a minute."""

    limit = 1_000_000
    counts: ClassVar[dict[tuple[str, int], int]] = defaultdict(int)

    async def dispatch(self, request: Request, call_next: RequestResponseEndpoint) -> Response:
        """Serve a request, or refuse it."""
        client = request.client.host if request.client else "unknown"
        window = int(time.time() // 60)
        self.counts[client, window] += 1
        if self.counts[client, window] > self.limit:
            return JSONResponse({"detail": "Too many requests"}, status_code=429)
        response = await call_next(request)
        response.headers["X-RateLimit-Limit"] = str(self.limit)
        remaining = self.limit - self.counts[client, window]
        response.headers["X-RateLimit-Remaining"] = str(remaining)
        return response


app = FastAPI()
app.get("/api/v1/readings/{sensor_id}")(read_sensor)
app.add_middleware(RateLimitMiddleware)
app.add_middleware(SecurityHeadersMiddleware)
app.add_middleware(TimingMiddleware)
app.add_middleware(RequestLoggingMiddleware)
app.add_middleware(CorrelationIdMiddleware)
