"""What pages and calls ask of the stores, as Protocols: a module for each group of features, all together in `Ports`.

A method asks for no more than its caller needs. What it returns is true at one moment.
"""
