"""What `examples/study.py` is made of."""
