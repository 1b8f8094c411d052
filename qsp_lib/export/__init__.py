"""The model in other languages, generated from :mod:`qsp_lib.model.equations` and never retyped."""
