"""The yardstick for Django: Django REST framework with the endpoint and nothing else.

Once in Django's own ASGI handler, and once in that of the default service, which is quicker: the
stack is not to be praised for what its handler saves.
"""

from django.conf import settings

THREADS = 15  # as many as the default service has

settings.configure(
    SECRET_KEY="unused" * 10,
    ALLOWED_HOSTS=["*"],
    ROOT_URLCONF="bench.bare_django",
    REST_FRAMEWORK={
        "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
        "DEFAULT_AUTHENTICATION_CLASSES": [],
        "UNAUTHENTICATED_USER": None,
    },
)

import django  # noqa: E402 -- it reads the settings
from django.core.asgi import get_asgi_application  # noqa: E402

django.setup()

from django.urls import include, path  # noqa: E402
from slipway_kit.django.handler import DjangoHandler  # noqa: E402

urlpatterns = [path("api/v1/", include("bench.django_endpoint"))]
application = get_asgi_application()
in_threads = DjangoHandler(threads=THREADS, patience=10)
