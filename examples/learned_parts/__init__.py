"""Parts of the study of learned deblurring."""
