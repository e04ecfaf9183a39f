"""How findings look: charts and figures for notebooks, one page a notebook, one portal an edition."""
