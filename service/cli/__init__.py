"""The command line: a client of the engine, in this process or in a server that runs already.

app.py       the commands          client.py   the two ways to reach an engine
ingesting.py uploads and waiting   show.py     what a person sees
"""
