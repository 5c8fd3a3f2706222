"""Finds or starts everything halosync needs on one machine: Postgres, RabbitMQ, the sandbox and the four services."""
