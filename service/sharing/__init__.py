"""sharing: what processes share, in Redis where there is one, else within each process.

parts.py         the parts, chosen from the settings
limiting.py      how often a key and a tenant may ask
waking.py        workers learn that there is work
waiting_room.py  which questions are answered now, which wait, which are refused
"""
