"""A recipe over a whole scan: piece by piece, by many processes, from where it was cut off."""
