"""Which client a customer and which licence name a product has."""
