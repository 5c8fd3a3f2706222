"""The Customers and License tabs (spec sections 3 and 7): what customers and products are matched with, and links."""
