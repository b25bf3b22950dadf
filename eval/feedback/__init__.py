"""What readers said of answers becomes cases of an evaluation, once a person has looked at it.

proposals.py  a judgement becomes a proposal: masked, with what it expects
reviewing.py  the file of proposals, in which a person decides; those that are kept become cases
"""
