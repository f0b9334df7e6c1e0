"""`manage.py demo`: every process of Fynode, and a shop, under one small supervisor."""
