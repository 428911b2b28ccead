"""Redoc, from fastapi-standalone-docs."""

from .interface import STYLES_GET_THE_NONCE, Interface

_FILES = "fastapi_standalone_docs/static/redoc"

INTERFACE = Interface(
    package="fastapi-standalone-docs",
    files={
        "redoc.js": f"{_FILES}/redoc.standalone.js",
        "logo-mini.svg": f"{_FILES}/logo-mini.svg",
    },
    script="redoc.js",
    prepare=STYLES_GET_THE_NONCE,
    start='Redoc.init("openapi.json", {}, document.getElementById("docs"))',
    sources={
        "style-src": "'nonce-$nonce'",
        # It searches in a worker, whose script it writes itself.
        "worker-src": "blob:",
    },
)
