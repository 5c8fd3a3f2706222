"""What deploy/try tries."""
