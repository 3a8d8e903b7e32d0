"""Evidence of results as one HTML page that needs nothing from elsewhere, and as CSV."""
