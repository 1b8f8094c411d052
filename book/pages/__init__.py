"""The book: what its pages say that is made by code; staged, built, checked and printed."""
