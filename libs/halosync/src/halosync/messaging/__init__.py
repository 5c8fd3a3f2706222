"""RabbitMQ: every exchange and queue by name, publishing, deliveries and their failures, request and reply."""
