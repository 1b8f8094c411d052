"""The commands of ``qsp-crs``, one module a group.

A module has ``add(commands)``, which declares its commands with argparse, and one function a
command, which takes the parsed options and returns an exit code. What a command needs is
imported when it runs, so that ``--help`` is quick.
"""
