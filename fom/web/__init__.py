"""Flask at the edge: parse, authorise, open a transaction, call one service, render."""
