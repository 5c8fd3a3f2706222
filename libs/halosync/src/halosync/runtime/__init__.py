"""What every process has: settings, start, drain and stop, health, the relay of the outbox, background loops."""
