"""The jobs of items: an example to copy from."""

import logging

from ..jobs.app import jobs

logger = logging.getLogger(__name__)


@jobs.task(name="items.announce")
async def announce_item(*, item_id: int) -> None:
    """Announce a new item: here to the log, in your service to whom it concerns.

    A job may run twice, so that it should do what may be repeated. It gets the item's number, not
    the item, which may have changed since.
    """
    logger.info("There is a new item", extra={"item_id": item_id})
