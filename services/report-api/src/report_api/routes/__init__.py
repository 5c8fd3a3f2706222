"""The calls of spec section 7, one module for each part; each translates and leaves the work to the stores."""
