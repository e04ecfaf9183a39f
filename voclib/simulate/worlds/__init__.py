"""One small world a study, drawn per seed with its truth planted: the tests and the long runs draw from them, the company is composed of them."""
