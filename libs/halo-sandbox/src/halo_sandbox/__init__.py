"""A HaloPSA to develop, demonstrate and test against: strict, fast, forgetful, and unkind on demand."""
