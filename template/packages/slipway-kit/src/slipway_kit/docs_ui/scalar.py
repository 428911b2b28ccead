"""Scalar, from star-openapi-scalar."""

from .interface import STYLES_GET_THE_NONCE, Interface

INTERFACE = Interface(
    package="star-openapi-scalar",
    files={"scalar.js": "star_openapi_scalar/templates/scalar/js/scalar.standalone.js"},
    script="scalar.js",
    head='<meta property="csp-nonce" content="$nonce">',
    # zod, within it, would try whether eval is allowed.
    prepare=STYLES_GET_THE_NONCE + "globalThis.__zod_globalConfig = {jitless: true};",
    # What is switched off asks other hosts, or offers to.
    start="""Scalar.createApiReference("#docs", {
  url: "openapi.json",
  proxyUrl: "",
  withDefaultFonts: false,
  telemetry: false,
  agent: {disabled: true},
  mcp: {disabled: true},
  showDeveloperTools: "never",
  hideClientButton: true
})""",
    sources={
        "style-src-elem": "'nonce-$nonce'",
        # It sets style attributes, five of them by the time that it is drawn, and an attribute
        # cannot carry a nonce. All that a style could load is the service's own.
        "style-src-attr": "'unsafe-inline'",
    },
)
