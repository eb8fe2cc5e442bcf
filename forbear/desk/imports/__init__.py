"""Books and other systems' data in, the night's results back, lists out."""
