"""Learned restoration: networks, what they are shown, how they are trained and applied."""
