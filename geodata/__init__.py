"""The invented demo mission: a country, its roads, its registers and sixty days of history, all from one seed.

Nothing here is a real place, person, unit or event. The land lies in open ocean on purpose.
"""
