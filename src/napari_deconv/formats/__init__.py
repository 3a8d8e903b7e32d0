"""Formats of X-ray instruments and scans, told by what a file holds, not by its name."""
