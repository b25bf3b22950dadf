"""health: can it serve, can it go on?

readiness.py     every part is asked whether it can serve now
stage_checks.py  what each stage of a query is asked
stall.py         why the queue does not move
"""
