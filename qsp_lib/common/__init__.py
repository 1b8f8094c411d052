"""What knows no science: errors, files, text, digests, workers."""
