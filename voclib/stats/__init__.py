"""Numbers on arrays and frames, one method family a module; siblings share only `inference`, `crossfit` and `gates`."""
