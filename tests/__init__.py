"""Tests; the folders mirror the packages, and ``contracts`` holds the properties that whole families must have."""
