"""Where the items serve."""

from rest_framework.routers import SimpleRouter

from .views import ItemViewSet

router = SimpleRouter(trailing_slash=False, use_regex_path=False)
router.register("items", ItemViewSet, basename="item")
urlpatterns = router.urls
