"""The commands as they are typed: a module for each with its options and its help, quick to load.

What a command does is imported when it runs.
"""
