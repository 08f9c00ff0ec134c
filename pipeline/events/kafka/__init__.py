"""Events into and out of Kafka."""
