"""A sandbox shop: a small process that plays the part of a WooCommerce e-shop.

It speaks the part of WooCommerce REST v3 that order synchronization needs, quirks included, lets a
person or a test change its orders, and fails on demand. It is for demonstrations and tests only,
listens on loopback only, and knows nothing of Django.
"""
