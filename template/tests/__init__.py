"""The service's tests: API tests beside unit tests, named as the sentence that they prove."""
