"""What the API answers and takes, one module for each part of it."""
