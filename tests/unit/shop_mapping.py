"""The head of a mapping file, for tests of imports: a shop, whose sources follow."""

from __future__ import annotations

SHOP = """
name: shop
company: {zh: 小店, en: Shop}
root: .
pseudonym_key: a-key-of-some-length
sources:"""
