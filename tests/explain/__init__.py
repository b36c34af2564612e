"""Tests of xlsgd explain."""
