"""Swagger UI, from a package for either framework."""

from .interface import Interface


def _interface(package: str, folder: str) -> Interface:
    return Interface(
        package=package,
        files={
            "swagger-ui.js": f"{folder}/swagger-ui-bundle.js",
            "swagger-ui.css": f"{folder}/swagger-ui.css",
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


FASTAPI = _interface("fastapi-standalone-docs", "fastapi_standalone_docs/static/swagger")
DJANGO = _interface(
    "drf-spectacular-sidecar",
    "drf_spectacular_sidecar/static/drf_spectacular_sidecar/swagger-ui-dist",
)
