"""HaloPSA, the outside world: its OAuth server, reading, writing. What is known of it is in halo-api.md."""
