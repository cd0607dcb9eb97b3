"""The messages of the Google APIs that the functions call and that the local stack emulates.

Generated from the descriptors inside Google's client packages by `make proto`. Functions are without these
packages, which take longer to import than all that they use: docs/decisions/0010-plain-rpcs.md.
"""
