"""Redoc, from a package for either framework."""

from dataclasses import replace

from .interface import STYLES_GET_THE_NONCE, Interface

_STATIC = "fastapi_standalone_docs/static/redoc"
_BUNDLES = "drf_spectacular_sidecar/static/drf_spectacular_sidecar/redoc/bundles"

FASTAPI = Interface(
    package="fastapi-standalone-docs",
    files={
        "redoc.js": f"{_STATIC}/redoc.standalone.js",
        "logo-mini.svg": f"{_STATIC}/logo-mini.svg",
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
DJANGO = replace(
    FASTAPI,
    package="drf-spectacular-sidecar",
    files={"redoc.js": f"{_BUNDLES}/redoc.standalone.js"},
    # Its maker's logo is on another host.
    replaced=(("https://cdn.redoc.ly/redoc/logo-mini.svg", "data:,"),),
)
