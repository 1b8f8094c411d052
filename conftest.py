"""Chapters that run as tests see none of the user's Jupyter, IPython or matplotlib settings."""

from __future__ import annotations

import os

from qsp_lib.chapters import prepare_kernels

os.environ.update(prepare_kernels())
