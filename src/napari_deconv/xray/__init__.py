"""What a detector does to a picture, and how it is undone before deblurring."""
