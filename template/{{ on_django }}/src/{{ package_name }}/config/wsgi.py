"""Django alone as a WSGI application, for servers that take no other.

Authentication, permissions, limits, the cache and problem bodies are the same. Missing is what
stands around Django in `asgi.py`: security headers, CORS, correlation IDs, log lines of requests,
the limits of headers and bodies, all that watches requests, graceful draining. Let a proxy do that,
or use `make serve`.
"""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{__package__}.settings")
application = get_wsgi_application()
