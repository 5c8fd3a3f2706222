"""What use cases and adapters say to each other: values, failures, and Protocols that several services need.

A use case imports this room and `domain`, never an adapter. It is no part of `domain`, which is arithmetic alone: what
stands here exists because there are a database, a broker and Halo. What only one service needs of the world is in the
`ports.py` of that service.
"""
