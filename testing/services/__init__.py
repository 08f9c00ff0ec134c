"""Real servers for tests: Redis, Kafka, their certificates and ports."""
