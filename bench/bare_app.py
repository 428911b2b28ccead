"""The yardstick: FastAPI with the endpoint and nothing else."""

from fastapi import FastAPI

from bench.endpoint import read_sensor

app = FastAPI()
app.get("/api/v1/readings/{sensor_id}")(read_sensor)
