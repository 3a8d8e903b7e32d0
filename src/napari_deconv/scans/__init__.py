"""Whole scans, read and written piece by piece: none of them ever lies in memory as a whole."""
