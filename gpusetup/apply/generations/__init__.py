"""Environments beside each other under one name: a new one is built and proven, then the name leads to it.

The name is a link from the first upgrade on. What it led to before stays as it is until somebody removes it.
"""
