"""Point-spread functions: shapes, and what is understood of a given array."""
