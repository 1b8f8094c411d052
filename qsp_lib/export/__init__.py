"""The model in other languages, generated from :mod:`qsp_lib.equations` and never retyped."""
