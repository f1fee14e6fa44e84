"""Alerts: subscriptions, matching them with what changed, states that proved false, and how all that is delivered."""
