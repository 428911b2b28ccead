"""A WebSocket beside the API, as an ASGI application of its own."""

from slipway_kit.django.public import public


@public  # it authenticates its clients by itself
async def application(scope, receive, send):
    """Return each text to its client, if a user has connected."""
    if scope["type"] != "websocket" or "user_id" not in scope["state"]:
        await send({"type": "websocket.close", "code": 1008})
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})
