"""Runs: a labelled set asked of the product, kept as a folder, compared with another, told as a page.

records.py     a case and what became of it, and the folder of a run; summaries.py, what it comes to
dataset.py     what is asked, from any labelled set
running.py     the whole run, of one product or of two in turn
asking.py      so many at a time, each kept when it is answered (eval/engines.py opens what is asked)
linked.py      the run told to Langfuse, as one over a dataset
families.py    what measures a case: retrieved.py, answered.py, trusted.py, and a judge
diagnosis.py   which stage lost what a case needed, by /explain; estimate.py, where that is refused
figures.py     means with intervals, and what belongs to many cases together
compare.py     two runs, case by case, and the gate
report.py      the page; charts.py draws in it, table.py is for the terminal
"""
