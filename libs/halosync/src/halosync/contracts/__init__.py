"""What travels: every message between the services and the outside, as pydantic models.

Contracts grow, never break: readers ignore unknown fields, new fields have defaults, and the examples under
`tests/contract/examples` are kept for good.
"""
