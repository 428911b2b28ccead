"""Swagger UI, from fastapi-standalone-docs."""

from .interface import Interface

_FILES = "fastapi_standalone_docs/static/swagger"

INTERFACE = Interface(
    package="fastapi-standalone-docs",
    files={
        "swagger-ui.js": f"{_FILES}/swagger-ui-bundle.js",
        "swagger-ui.css": f"{_FILES}/swagger-ui.css",
    },
    script="swagger-ui.js",
    head='<link rel="stylesheet" nonce="$nonce" href="${assets}swagger-ui.css">',
    # The validator is another host's.
    start="""SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#docs",
  deepLinking: true,
  validatorUrl: null
})""",
    sources={"style-src": "'nonce-$nonce'"},
)
