"""What a picture proves: figures against a reference, along lines, and of the re-blurred result."""
