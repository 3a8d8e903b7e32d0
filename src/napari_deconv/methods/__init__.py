"""Deconvolution methods: each walks a problem and yields estimates."""
